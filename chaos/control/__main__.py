"""`python -m chaos.control`"""

from chaos.control.app import create_app
from services.session.serve import serve

if __name__ == "__main__":
    serve(create_app, "chaos.control.app:create_app")
