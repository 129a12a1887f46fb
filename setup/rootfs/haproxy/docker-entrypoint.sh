#!/bin/sh
# As in the official image: options alone mean haproxy; a master process stays in the foreground.
set -e
case "$1" in -*) set -- haproxy "$@" ;; esac
if [ "$1" = haproxy ]; then
    shift
    set -- haproxy -W -db "$@"
fi
exec "$@"
