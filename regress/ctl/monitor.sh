# SPDX-License-Identifier: ISC
# What the tests of mandos-monitor share: a terminal, which is tmux's, servers,
# and what is to be seen on the screen.  Sourced after lib.sh and
# integ/debian.sh.
# shellcheck shell=sh disable=SC2034,SC2120,SC2154

monitor=$top_builddir/ctl/mandos-monitor
debian_monitor=/usr/sbin/mandos-monitor
sums=$top_srcdir/regress/ctl

# Sanitizers make everything slower: times allowed are so many times longer.
if [ "$sanitizers" = no ]; then
	slower=1
else
	slower=4
fi

# case_of NAME DESCRIPTION: declare a test case.
case_of() {
	atf_test_case "$1"
	eval "$1_head() {
		atf_set descr \"$2\"
		atf_set timeout 300
		atf_set require.user root
	}"
}

# --- the terminal

tm() {
	tmux -S "$PWD/tmux" -f /dev/null "$@"
}

# terminal: a tmux of our own, which ends with the test.
terminal() {
	need tmux
	LC_ALL=C.UTF-8
	DBUS_SYSTEM_BUS_ADDRESS=unix:path=$PWD/bus
	export LC_ALL DBUS_SYSTEM_BUS_ADDRESS
	# As a daemon it would survive us.
	tmux -S "$PWD/tmux" -f /dev/null -D >tmux.log 2>&1 &
	wait_for 10 test -S tmux
}

# shows COMMAND [COLUMNS [ROWS]]: run a program there, and wait for it to draw
# something; when it ends, its status is to be seen.
shows() {
	tm kill-session -t m 2>/dev/null || :
	# shellcheck disable=SC2016	# expanded in the terminal
	tm new-session -d -s m -x "${2:-80}" -y "${3:-24}" \
	    "TERM=${term:-screen-256color} $1 2>errors; "'
	    echo "exit=$?"; exec cat'
	wait_for $((20 * slower)) screen_has .
}

# keys KEY...: press them, by tmux's names for them.
keys() {
	for keys_one; do
		tm send-keys -t m -- "$keys_one" ||
		    atf_fail "no key $keys_one"
	done
}

# screen [OPTION...]: what is to be seen.
screen() {
	tm capture-pane -p -t m "$@"
}

screen_has() {
	screen | grep -q -e "$1"
}

# sees REGEX...: hold that soon there is a line like that; sees_no: none.
sees() {
	for regex; do
		screen_is screen_has "$regex"
	done
}

sees_no() {
	for regex; do
		screen_is screen_lacks "$regex"
	done
}

screen_lacks() {
	! screen_has "$1"
}

# screen_is COMMAND...: hold that this is so soon.
screen_is() {
	screen_end=$(($(date +%s) + 20 * slower))
	until "$@"; do
		if [ "$(date +%s)" -gt "$screen_end" ]; then
			screen >&2
			cat errors >&2
			atf_fail "in vain waited for: $*"
		fi
		sleep 0.05
	done
}

# ends STATUS: hold that the program ends like that, has given the terminal
# back, and has had no complaint.
ends() {
	sees "^exit=$1\$"
	atf_check -s exit:0 -o empty -e empty cat errors
}

# monitor_pid: the one in the terminal.
monitor_pid() {
	pgrep -P "$(tm display -p -t m '#{pane_pid}')" -f mandos-monitor
}

# quits: end it.
quits() {
	keys q
	ends 0
}

# plain: the screen, with all left out that differs from time to time, and
# what only one of the monitors shows: bars and the version.
plain() {
	screen | sed -E \
	    -e 's/^[0-9-]{10} [0-9:]{8},[0-9]{3}: /YYYY-MM-DD HH:MM:SS,mmm: /' \
	    -e 's/([0-9]+ days?, )?[0-9]+:[0-9]{2}:[0-9]{2}/H:MM:SS/' \
	    -e 's/ (checking |\*)?\[[= ]{10}\]$//' -e 's/ (checking|\*)$//' \
	    -e 's/^(Mandos Monitor version ).*/\1V/' -e 's/ *$//' |
	    sed -e :a -e '/^\n*$/{$d;N;ba' -e '}'
}

# expected NAME: that screen of monitor.screens.
expected() {
	sed -n "/^== $1\$/,/^== /{/^== /d;p;}" "$sums/monitor.screens"
}

is_as_expected() {
	plain >seen
	cmp -s expected seen
}

# looks NAME: hold that soon the screen is that one.
looks() {
	expected "$1" >expected
	[ -s expected ] || atf_fail "nothing is expected of $1"
	looks_end=$(($(date +%s) + 20 * slower))
	until is_as_expected; do
		if [ "$(date +%s)" -gt "$looks_end" ]; then
			diff -u expected seen >&2
			atf_fail "the screen is not as expected: $1"
		fi
		sleep 0.05
	done
}

# --- servers

# clients: a server's host, and clients of all kinds.  Checks are made by order
# only.
clients() {
	need python3
	[ -x "$debian_monitor" ] ||
	    atf_skip "Debian's mandos-monitor is not installed"
	host_new server
	# For checkers.
	chmod 755 .
	mkdir -m 700 etc
	echo '[DEFAULT]' >etc/mandos.conf
	printf '%s\n' '[DEFAULT]' 'interval = P7D' 'timeout = PT5H' \
	    'extended_timeout = PT6H' 'checker = true' \
	    'host = localhost' >etc/clients.conf
	for name in a-1.b bravo carol delta echo golf hotel \
	    india; do
		key "$name"
		case $name in
		bravo)	set -- 'approved_by_default = False' \
			    'approval_delay = PT1M' ;;
		carol) set -- 'approval_delay = PT1M' ;;
		delta)	set -- 'enabled = False' ;;
		echo)	set -- 'checker = false' ;;
		golf)	set -- 'checker = sleep 100' ;;
		*)	set -- ;;
		esac
		section "$name" "$@"
	done
}

# ours_lives: start our server on the bus.
ours_lives() {
	[ -d state ] || mkdir -m 700 state
	server_run server "$bin/mandos" --foreground --no-zeroconf \
	    --port "$port" --configdir "$PWD/etc" --statedir "$PWD/state"
	wait_for $((20 * slower)) is_on_bus
}

is_on_bus() {
	dbus-send --system --print-reply --dest=se.recompile.Mandos / \
	    org.freedesktop.DBus.ObjectManager.GetManagedObjects
}

# lives SERVER: start it; its port is in $asked.
lives() {
	case $1 in
	ours)	asked=$port
		ours_lives ;;
	debian)	asked=$debian_port
		debian_lives ;;
	esac
}

# dies SERVER: kill it, all of it.
dies() {
	case $1 in
	ours)	kill -KILL "$(cat server.pid)"
		wait "$(cat server.pid)" || :
		wait_for 10 host_is_idle server ;;
	debian)	debian_dies ;;
	esac
}

# asks_aside NAME: this client asks, and need not be answered yet.
asks_aside() {
	./at_server "$fetcher" -k "$1.key" -u "$1.pub" -p "$asked" -t 60000 \
	    >"$1.out" 2>"$1.err" &
}

# --- a server that is played: see monitor_fake.py

# fake [OPTION...]: a bus, and such a server on it, which obeys what says says.
fake() {
	need dbus-daemon
	python=/usr/bin/python3
	"$python" -c 'import dbus, gi' 2>/dev/null ||
	    atf_skip 'python3-dbus or python3-gi is not installed'
	fake_bus
	fake_server "$@"
}

fake_bus() {
	bus_open bus
	DBUS_SYSTEM_BUS_ADDRESS=unix:path=$PWD/bus
	export DBUS_SYSTEM_BUS_ADDRESS
}

fake_server() {
	rm -f orders answers
	mkfifo orders
	"$python" -B "$sums/monitor_fake.py" "$@" <orders >answers 2>fake.err &
	echo $! >fake.pid
	exec 8>orders
	wait_for 20 grep -qx ready answers
}

# says ORDER...: have it do this, each in one line, and wait until it has.
says() {
	for order; do
		says_count=$(wc -l <answers)
		echo "$(printf %s "$order" | tr '\n' ' ')" >&8
		wait_for 20 fake_has_done $((says_count + 1))
		tail -n 1 answers | grep -qx ok ||
		    fail_with fake.err "the server cannot: $order"
	done
}

fake_has_done() {
	[ "$(wc -l <answers)" -ge "$1" ]
}

# fake_ends SIGNAL: it ends.
fake_ends() {
	exec 8>&-
	kill "-$1" "$(cat fake.pid)" 2>/dev/null || :
	wait "$(cat fake.pid)" 2>/dev/null || :
}

# bus_ends: the bus does.
bus_ends() {
	kill -KILL "$(cat bus.pid)"
	wait "$(cat bus.pid)" 2>/dev/null || :
}
