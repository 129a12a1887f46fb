"""`python -m services.stateful`"""

from services.session.serve import serve
from services.stateful.app import create_app

if __name__ == "__main__":
    serve(create_app, "services.stateful.app:create_app")
