#!/bin/sh
# After an update a unit that runs goes on with the new program. dpkg says "configure", rpm how many are
# installed now.
set -e
case "$1" in
configure | [2-9])
    if [ -d /run/systemd/system ]; then
        systemctl daemon-reload
        systemctl try-restart oom-kills.service || true
    fi
    ;;
esac
