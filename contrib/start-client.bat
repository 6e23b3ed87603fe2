@rem For a double click: if the client ends with an error, its window stays until a key is pressed.
@"%~dp0chat-client.exe" %* || pause
