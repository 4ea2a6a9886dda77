# What scripts on Windows do with plantpost, in whichever PowerShell runs this: read exit codes, read JSON, pipe
# text in. Needs no profile and no network. Usage: recipes.ps1 PATH-OF-PLANTPOST.EXE

param([Parameter(Mandatory)] [string] $Plantpost)
$ErrorActionPreference = "Stop"

function Assert-Equal($Found, $Wanted, $What) {
    if ("$Found" -ne "$Wanted") { throw "${What}: wanted $Wanted, found $Found" }
}

& $Plantpost --version
Assert-Equal $LASTEXITCODE 0 "exit code of --version"

$explained = & $Plantpost explain AADSTS7000222 --json | ConvertFrom-Json
Assert-Equal $LASTEXITCODE 0 "exit code of explain"
Assert-Equal $explained.explanations[0].code "AADSTS7000222" "code in the JSON"

$piped = "5.7.139 SmtpClientAuthentication is disabled for the Tenant" | & $Plantpost explain -
Assert-Equal $LASTEXITCODE 0 "exit code of explain with piped text"
if ("$piped" -notmatch "5\.7\.139") { throw "explain did not take the piped text: $piped" }

# A missing profile file is exit code 78, and in JSON the error stands on standard output.
$failed = & $Plantpost send --config missing.toml --to anna@example.com --subject x --text x --json | ConvertFrom-Json
Assert-Equal $LASTEXITCODE 78 "exit code without a profile"
Assert-Equal $failed.error.code "profile.missing" "error code in the JSON"

& $Plantpost completions powershell | Out-String | Invoke-Expression
Assert-Equal $LASTEXITCODE 0 "exit code of completions"
exit 0
