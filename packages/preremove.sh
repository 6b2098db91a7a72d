#!/bin/sh
# The unit ends with its program. dpkg says "remove", rpm how many are left.
set -e
case "$1" in
remove | 0)
    if [ -d /run/systemd/system ]; then
        systemctl disable --now oom-kills.service || true
    fi
    ;;
esac
