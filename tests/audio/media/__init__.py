"""Small files of sound, made where they are needed."""
