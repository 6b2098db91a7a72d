# $ROOT: an empty folder. $RELEASE: what is published. Run at the top of the repository.

(cd "$RELEASE" && sha256sum --check --quiet SHA256SUMS)

# Only root installs and changes roots.
as_root=
test "$(id -u)" = 0 || as_root="sudo -n"
trap '$as_root rm -rf "$ROOT/deb" "$ROOT/rpm"' EXIT

# Debian's, whose scripts run outside of the empty folder, as it has no shell.
mkdir -p "$ROOT/deb/var/lib/dpkg/updates" "$ROOT/deb/var/lib/dpkg/info"
touch "$ROOT/deb/var/lib/dpkg/status" "$ROOT/deb/var/lib/dpkg/available"
$as_root dpkg --root="$ROOT/deb" --log=/dev/null --force-script-chrootless --install "$RELEASE/oom-kills_${VERSION}_amd64.deb"

if command -v rpm > /dev/null; then
    mkdir -p "$ROOT/rpm/db"
    $as_root rpm --root "$ROOT/rpm" --dbpath /db --noscripts --nodeps --install "$RELEASE/oom-kills-$VERSION.x86_64.rpm"
    $as_root rm -r "$ROOT/rpm/db"
    # The same files are in both.
    (cd "$ROOT/deb" && find usr -type f | sort | xargs sha256sum) > "$ROOT/deb.sums"
    (cd "$ROOT/rpm" && sha256sum --check --quiet "$ROOT/deb.sums")
fi

# No library, no shell, no file but what was installed, and a log.
$as_root cp fixtures/demo.kmsg "$ROOT/deb/log"
$as_root chroot "$ROOT/deb" /usr/bin/oom-vector --mode events /log > "$ROOT/kills"
grep -q '"summary":"'"'java'"' (pid 150) was killed in container' "$ROOT/kills"

# No host is there, and it says so.
! $as_root chroot "$ROOT/deb" /usr/bin/oom-check fluent-bit /usr/share/oom-kills/fluent-bit/kmsg.yaml 2> "$ROOT/lacks"
grep -q "cannot run fluent-bit" "$ROOT/lacks"

# What the unit starts, with journalctl's part played by the log.
cat > "$ROOT/journalctl" << 'END'
#!/bin/sh
exec sed -n 's/.*/{"_TRANSPORT":"kernel","MESSAGE":"&","__CURSOR":"s=1"}/p' "$JOURNAL"
END
chmod +x "$ROOT/journalctl"
grep -v '["\]' fixtures/demo.kmsg | sed -n 's/^[0-9][^;]*;//p' > "$ROOT/journal"
command=$(sed -n 's/^ExecStart=\([^ ]*\) .*/\1/p' "$ROOT/deb/usr/lib/systemd/system/oom-kills.service")
test "$command" = /usr/bin/oom-journal
JOURNAL="$ROOT/journal" PATH="$ROOT:$ROOT/deb/usr/bin:$PATH" sh "$ROOT/deb$command" "$ROOT/told" > /dev/null
grep -q '"summary":"'"'java'"' (pid 150) was killed in container' "$ROOT/told"

# Nothing of it stays.
$as_root dpkg --root="$ROOT/deb" --log=/dev/null --force-script-chrootless --purge oom-kills
test -z "$(find "$ROOT/deb" -name '*oom*' ! -path '*/var/lib/dpkg/*')"
echo "installed from the packages alone: $(wc -l < "$ROOT/kills") kills found by the program, $(wc -l < "$ROOT/told") by the unit's command"
