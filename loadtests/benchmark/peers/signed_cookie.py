"""Flask's own session: the state in a signed cookie, readable by the client."""

import secrets

from flask import Flask

from loadtests.benchmark.peers.cart import routes


def create_app() -> Flask:
    app = Flask(__name__)
    app.secret_key = secrets.token_bytes(32)
    app.register_blueprint(routes)
    return app
