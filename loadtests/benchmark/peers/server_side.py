"""Flask-Session on Redis, with its own defaults."""

import os

import redis
from flask import Flask
from flask_session import Session

from loadtests.benchmark.peers.cart import routes


def create_app() -> Flask:
    app = Flask(__name__)
    app.config["SESSION_TYPE"] = "redis"
    app.config["SESSION_REDIS"] = redis.Redis.from_url(os.environ["BENCHMARK_REDIS"])
    Session(app)
    app.register_blueprint(routes)
    return app
