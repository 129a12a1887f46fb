#!/bin/sh
# As in the official image: options alone mean redis-server; root becomes redis; protected mode is off by default.
set -e
case "$1" in -* | *.conf) set -- redis-server "$@" ;; esac
if [ "$1" = redis-server ] && [ "$(id -u)" = 0 ]; then
    find . ! -user redis -exec chown redis '{}' +
    exec setpriv --reuid=redis --regid=redis --clear-groups -- "$0" "$@"
fi
if [ "$1" = redis-server ]; then
    case "$*" in
        *protected-mode* | *--version | *-v | *--help | *-h | *--check-system | *--test-memory*) ;;
        *) grep -qs '^ *protected-mode' "$2" || set -- "$@" --protected-mode no ;;
    esac
fi
exec "$@"
