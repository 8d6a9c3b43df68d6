# SPDX-License-Identifier: ISC
# Debian's mandos on a system bus of its own, for tests that hold ours against
# it.  It is a program for us, whose inside is not looked at.  Sourced after
# control.sh.
# shellcheck shell=sh disable=SC2034,SC2154

debian_port=4712

# bus: a private system bus on which Debian's server may have its names.
bus() {
	need mandos mandos-ctl python3
	[ -x /usr/sbin/mandos ] || atf_skip "Debian's mandos is not installed"
	bus_open bus
	DBUS_SYSTEM_BUS_ADDRESS=unix:path=$PWD/bus
	export DBUS_SYSTEM_BUS_ADDRESS
	mkdir -m 700 debian.state
	chown _mandos:_mandos debian.state
}

# debian_lives: start it, with the files in ./etc.
debian_lives() {
	./at_server /usr/sbin/mandos --foreground --no-zeroconf \
	    --port "$debian_port" --configdir "$PWD/etc" \
	    --statedir "$PWD/debian.state" >debian.log 2>&1 &
	echo $! >debian.pid
	wait_for 30 debian_listens
	wait_for 10 debian_values
}

debian_listens() {
	at server ss -Hltn "sport = :$debian_port" | grep -q .
}

# debian_ends: wait for its end, and that of its helper process.
debian_ends() {
	wait "$(cat debian.pid)" || :
	wait_for 20 debian_is_gone
}

# debian_dies: kill all of it.
debian_dies() {
	debian_processes | xargs kill -KILL
	debian_ends
}

debian_processes() {
	pgrep -f '^[^ ]*python3 [^ ]* */usr/sbin/mandos --foreground' \
	    --ns "$(cat server.host)" --nslist net
}

debian_is_gone() {
	! debian_processes
}

# debian_values: what it knows of its clients, in "values": lines of name,
# field and value, as our helper names and prints them.
debian_values() {
	mandos-ctl --dump-json >values.json 2>values.err &&
	    python3 "$top_srcdir/regress/integ/values.py" \
	    <values.json >values
}

# debian_value NAME FIELD: print one of those.
debian_value() {
	sed -n "s/^$1 $2 //p" values
}
