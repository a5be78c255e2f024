"""Parts for web frameworks: `.fastapi`, and `.starlette` for Starlette without FastAPI.

Both need the extra `fastapi`.
"""
