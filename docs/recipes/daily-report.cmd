@echo off
rem Sends a report, for the Task Scheduler. What is temporary is tried again; what is not ends in a line of
rem trouble.txt and in the exit code, which the Task Scheduler shows as "Last Run Result".
setlocal
set "PLANTPOST=C:\Program Files\plantpost\plantpost.exe"
set "PROFILE=C:\ProgramData\plantpost\plantpost.toml"
set "FOLDER=D:\Reports"
set TRIES=5
set WAIT=60

set TRY=0
:again
set /a TRY+=1
"%PLANTPOST%" send --config "%PROFILE%" --to operators --subject "Daily report" --text "See attachment" --attach "%FOLDER%\daily.xlsx" --json > "%FOLDER%\result.json"
set CODE=%ERRORLEVEL%
if not %CODE% == 75 goto end
if %TRY% GEQ %TRIES% goto end
rem "timeout" wants a console, which a task does not have.
ping -n %WAIT% 127.0.0.1 > nul
goto again

:end
if not %CODE% == 0 echo %DATE% %TIME% the report was not sent: exit code %CODE%, see result.json >> "%FOLDER%\trouble.txt"
exit /b %CODE%
