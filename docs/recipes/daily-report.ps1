# Sends a report, for the Task Scheduler. What is temporary is tried again; what is not ends in a line of
# trouble.txt and in the exit code, which the Task Scheduler shows as "Last Run Result".

$Plantpost = "C:\Program Files\plantpost\plantpost.exe"
$ProfileFile = "C:\ProgramData\plantpost\plantpost.toml"
$Folder = "D:\Reports"
$Tries = 5
$WaitSeconds = 60

for ($try = 1; $try -le $Tries; $try++) {
    $json = & $Plantpost send --config $ProfileFile --to operators --subject "Daily report" `
        --text "See attachment" --attach "$Folder\daily.xlsx" --json
    $code = $LASTEXITCODE
    if ($code -ne 75 -or $try -eq $Tries) { break }
    Start-Sleep -Seconds $WaitSeconds
}
$result = $json | ConvertFrom-Json
if ($code -ne 0) {
    $what = if ($result.error) { $result.error.message } else { "refused: $($result.rejected.address -join ', ')" }
    Add-Content -Encoding UTF8 "$Folder\trouble.txt" "$(Get-Date -Format s) $($result.outcome), exit code ${code}: $what"
}
exit $code
