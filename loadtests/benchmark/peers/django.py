"""Django with its cache sessions on Redis, and no middleware but that for sessions."""

import json
import os
import secrets
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.http import require_POST


def create_app() -> WSGIHandler:
    cache = {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": os.environ["BENCHMARK_REDIS"],
    }
    settings.configure(
        SECRET_KEY=secrets.token_urlsafe(32),
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF=__name__,
        MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"],
        SESSION_ENGINE="django.contrib.sessions.backends.cache",
        CACHES={"default": cache},
        USE_I18N=False,
        LOGGING_CONFIG=None,
    )
    django.setup(set_prefix=False)
    return WSGIHandler()


def session(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return JsonResponse(_view(request))
    request.session.flush()
    request.session["items"], request.session["visits"] = {}, 0
    return JsonResponse(_view(request), status=201)


def put_item(request: HttpRequest, item_id: str) -> HttpResponse:
    items = request.session["items"]
    new = item_id not in items
    items[item_id] = json.loads(request.body)
    request.session.modified = True
    return JsonResponse({"items": len(items)}, status=201 if new else 200)


def count_visit(request: HttpRequest) -> HttpResponse:
    request.session["visits"] += 1
    return JsonResponse({"visits": request.session["visits"]})


def healthz(_: HttpRequest) -> HttpResponse:
    return HttpResponse("alive\n", content_type="text/plain")


def _view(request: HttpRequest) -> dict[str, Any]:
    return {"items": request.session["items"], "visits": request.session["visits"]}


urlpatterns = [
    path("session", session),
    path("session/items/<str:item_id>", put_item),
    path("session/visits", require_POST(count_visit)),
    path("healthz", healthz),
]
