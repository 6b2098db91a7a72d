#!/bin/sh
# Boots Debian with systemd as process 1 in a machine emulator, lets the kernel, systemd-oomd and earlyoom kill
# there, and writes the journal of it. What is known of each kill it prints: for the manifest beside the journal.
#
#   boot.sh [FOLDER]    FOLDER gets systemd.ndjson [fixtures/captures/journal]
#
# Needs root, 2 GiB of disk, and `apt-get install mmdebstrap qemu-system-x86 e2fsprogs jq`. Takes four minutes on
# an idle machine, one and a half of them for packages, which are kept in target/kernels/systemd.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$here/../../..
out=$(realpath "${1:-$top/fixtures/captures/journal}")
work=$top/target/kernels/systemd
mkdir -p "$out" "$work"
cd "$work"

if [ ! -f root.tar ]; then
    mmdebstrap --quiet --variant=minbase --include=systemd-sysv,systemd-oomd,libpam-systemd,dbus,earlyoom,udev,kmod \
        --include=initramfs-tools,linux-image-cloud-amd64 trixie root.new.tar
    mv root.new.tar root.tar
fi
rm -rf root disk
mkdir root
tar -xf root.tar -C root --exclude='./dev/*'
install "$here/scenarios.sh" root/usr/local/bin/scenarios
cat > root/etc/systemd/system/scenarios.service <<'UNIT'
[Unit]
After=multi-user.target
SuccessAction=poweroff-force
FailureAction=poweroff-force
[Service]
Type=oneshot
ExecStart=/usr/local/bin/scenarios
StandardOutput=null
OOMScoreAdjust=-1000
UNIT
mkdir -p root/etc/systemd/system/default.target.wants root/etc/systemd/journald.conf.d
ln -s ../scenarios.service root/etc/systemd/system/default.target.wants/
# Only what a scenario starts may kill.
rm -f root/etc/systemd/system/*.wants/earlyoom.service root/etc/systemd/system/*.wants/systemd-oomd.* \
    root/etc/systemd/system/dbus-org.freedesktop.oom1.service root/etc/systemd/system/timers.target.wants/*
# The kernel's lines of a report come in a burst.
printf '[Journal]\nRateLimitBurst=0\n' > root/etc/systemd/journald.conf.d/all.conf
echo node-1 > root/etc/hostname
echo '127.0.0.1 localhost node-1' > root/etc/hosts
echo 4c1f0b6a5d4e4a2f9b1e7d7f2a30c9d1 > root/etc/machine-id
echo 'alice:x:1000:1000::/tmp:/bin/sh' >> root/etc/passwd
echo 'alice:x:1000:' >> root/etc/group
echo 'alice:*:20000::::::' >> root/etc/shadow
truncate -s 1500M disk
mke2fs -q -t ext4 -d root disk
cp root/boot/vmlinuz-* kernel
cp root/boot/initrd.img-* initrd
rm -rf root

rm -f sent
timeout 1200 qemu-system-x86_64 -accel tcg,thread=multi -machine q35 -cpu max -smp 2 -m 768 -nodefaults -display none \
    -no-reboot -kernel kernel -initrd initrd \
    -append "root=/dev/vda rw console=ttyS0 psi=1 quiet net.ifnames=0 mitigations=off" \
    -drive file=disk,format=raw,if=virtio,cache=unsafe -serial file:console -serial file:sent

# Records, and behind them the kills. A line ends as a terminal's does.
tr -d '\r' < sent > lines
grep -qx @@end lines || { tail console; exit 1; }
# What only the journal itself needs of a record is left out.
sed '/^@@/,$d' lines | jq -c 'del(.__CURSOR, .__SEQNUM, .__SEQNUM_ID, ._STREAM_ID, ._CAP_EFFECTIVE, .CODE_FILE,
    .CODE_LINE, .TID)' > "$out/systemd.ndjson"
sed '1,/^@@kills/d;/^@@end/,$d' lines | jq -sc '{file: "systemd.ndjson", kills: .}' > systemd.json
cat systemd.json
