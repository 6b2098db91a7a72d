#!/bin/sh
# Runs in the emulated machine, started by systemd: one scenario after the other, and then all is sent.
# What is known of each kill comes from here alone, not from what anybody wrote into the journal.
set -u

kills=/run/kills.jsonl
victims=/run/victims
mkdir -p $victims
chmod 777 $victims
dd if=/dev/zero of=/swap bs=1M count=192 status=none
chmod 600 /swap
mkswap -q /swap
swapon /swap
run='systemd-run -q --expand-environment=no'

# Prints its number, and becomes what takes all memory it can have.
hog='echo $$ > '$victims'/$0; exec tail /dev/zero'
# The same in a child; the parent lives.
parent='sh -c '"'"'echo $$ > '$victims'/$0; exec tail /dev/zero'"'"' $0; exec sleep 1000'

# killed SCENARIO KILLER CGROUP [MORE]: waits until the process is dead that wrote its number.
killed() {
    for second in $(seq 60); do
        [ -s "$victims/$1" ] && break
        sleep 1
    done
    pid=$(cat "$victims/$1")
    for second in $(seq 60); do
        [ -d "/proc/$pid" ] || break
        sleep 1
    done
    if [ -d "/proc/$pid" ]; then
        echo "{\"scenario\":\"$1\",\"lives\":$pid}" >> $kills
        systemctl stop "${3##*/}"
    else
        echo "{\"scenario\":\"$1\",\"killer\":\"$2\",\"pid\":$pid,\"cgroup\":\"$3\"${4:-}}" >> $kills
    fi
    # What systemd has to say of it.
    sleep 5
}

limits='-p MemoryMax=24M -p MemorySwapMax=0'
sleep 1
since=$(date +%s)
sleep 1

$run --unit=plain.service $limits sh -c "$hog" main
killed main kernel /system.slice/plain.service

$run --unit=child.service $limits -p OOMPolicy=continue sh -c "$parent" child
killed child kernel /system.slice/child.service

# Stopped by systemd because a child died: whom systemd ends was not killed for memory.
$run --unit=stopped.service $limits -p OOMPolicy=stop sh -c "$parent" stopped
killed stopped kernel /system.slice/stopped.service

pod=77f06c5c_4593_43e9_b970_987f6ecb825b
id=4bcba7fc4369fee4d7d2e6263b58fce52cfc928c6a31cfac4d43c838708991ce
# A scope's process is this one's child, and would inherit that it must not be killed.
$run --scope --slice=kubepods-burstable-pod$pod.slice --unit=cri-containerd-$id.scope $limits \
    choom -n 0 -- sh -c "$hog" pod &
killed pod kernel /kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod$pod.slice/cri-containerd-$id.scope \
    ',"pod":"77f06c5c-4593-43e9-b970-987f6ecb825b","container":"'$id'"'

# A user's own manager says it as well, and process 1 of the user's slice.
systemctl start user@1000.service
session=XDG_RUNTIME_DIR=/run/user/1000
setpriv --reuid=1000 --regid=1000 --clear-groups env $session \
    $run --user --unit=own.service $limits sh -c "$hog" user
killed user kernel /user.slice/user-1000.slice/user@1000.service/app.slice/own.service

# A user who says that systemd-oomd killed.
setpriv --reuid=1000 --regid=1000 --clear-groups env $session \
    $run --user --unit=systemd-oomd.service sh -c \
    'echo "Killed /system.slice/dbus.service due to memory pressure for /system.slice being 85.03% > 80.00% for > 2s with reclaim activity"'
logger -t systemd-oomd \
    'Killed /system.slice/dbus.service due to memory pressure for /system.slice being 85.03% > 80.00% for > 2s with reclaim activity'

sleep 2
systemctl stop user@1000.service

mkdir -p /run/systemd/oomd.conf.d
printf '[OOM]\nSwapUsedLimit=20%%\nDefaultMemoryPressureDurationSec=2s\n' > /run/systemd/oomd.conf.d/soon.conf
systemctl restart systemd-oomd.service

$run --unit=pressed.service -p MemoryHigh=32M -p ManagedOOMMemoryPressure=kill \
    -p ManagedOOMMemoryPressureLimit=5% sh -c "$hog" pressure
killed pressure systemd-oomd /system.slice/pressed.service

# The slice is watched, and the unit in it is killed.
mkdir -p /run/systemd/system/batch.slice.d
printf '[Slice]\nManagedOOMMemoryPressure=kill\nManagedOOMMemoryPressureLimit=5%%\n' \
    > /run/systemd/system/batch.slice.d/kill.conf
# It then says again of some units that a process was killed.
systemctl daemon-reload
systemctl stop child.service
$run --unit=job.service --slice=batch.slice -p MemoryHigh=32M sh -c "$hog" below
killed below systemd-oomd /batch.slice/job.service

$run --unit=swapped.service -p MemoryMax=200M -p ManagedOOMSwap=kill sh -c "$hog" swap
killed swap systemd-oomd /system.slice/swapped.service
systemctl stop systemd-oomd.socket systemd-oomd.service

swapoff /swap
printf 'EARLYOOM_ARGS="-r 0 -m 50,45 --ignore-root-user"\n' > /etc/default/earlyoom
systemctl start earlyoom.service
$run --unit=early.service -p User=alice sh -c "$hog" early
killed early earlyoom /system.slice/early.service
systemctl stop earlyoom.service

journalctl --sync
{
    journalctl -o json --since "@$since"
    echo @@kills
    cat $kills
    echo @@end
} > /dev/ttyS1
