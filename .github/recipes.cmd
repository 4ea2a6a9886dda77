@echo off
rem What batch files do with plantpost: act on exit codes, pipe text in, keep output in a file. Needs no profile and
rem no network. Usage: recipes.cmd PATH-OF-PLANTPOST.EXE
setlocal
set "plantpost=%~f1"

"%plantpost%" --version || exit /b 1

"%plantpost%" explain AADSTS7000222 > "%TEMP%\explained.txt" || exit /b 1
findstr /c:"AADSTS7000222" "%TEMP%\explained.txt" > nul || exit /b 1

echo 5.7.139 SmtpClientAuthentication is disabled for the Tenant | "%plantpost%" explain - || exit /b 1

"%plantpost%" send --config missing.toml --to anna@example.com --subject x --text x 2> nul
if not %ERRORLEVEL% == 78 (
  echo wanted exit code 78, found %ERRORLEVEL%
  exit /b 1
)
exit /b 0
