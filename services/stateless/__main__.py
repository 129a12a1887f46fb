"""`python -m services.stateless`"""

from services.session.serve import serve
from services.stateless.app import create_app

if __name__ == "__main__":
    serve(create_app, "services.stateless.app:create_app")
