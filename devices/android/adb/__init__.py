"""How is a phone reached and asked? The adb program, the phone's properties, heat, files. Begin at
client.py."""
