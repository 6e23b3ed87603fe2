@rem For a double click: if the server cannot start, its window stays until a key is pressed.
@"%~dp0chat-server.exe" %* || pause
