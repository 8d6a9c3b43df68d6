# SPDX-License-Identifier: ISC
# What the service manager hears of the server, and when it does not.

. "$(atf_get_srcdir)/../lib.sh"

integ=$top_srcdir/regress/integ

# case_of NAME DESCRIPTION: declare a test case.
case_of() {
	atf_test_case "$1"
	eval "$1_head() {
		atf_set descr \"$2\"
		atf_set timeout 60
		atf_set require.user root
	}"
}

# manager [ADDRESS]: a house with a service manager, who writes what it hears
# to the file heard.
manager() {
	need python3
	house
	address=${1:-$PWD/manager}
	# A name in no file system belongs to a network.
	./at_server python3 "$integ/syslogd.py" "$address" heard &
	wait_for 10 test -e heard
}

# serves [NAME=VALUE...]: start a server for it with this in the environment.
serves() {
	server_under="env NOTIFY_SOCKET=$address $*"
	opens
	wait_for 10 hears '^READY=1$'
}

# hears REGEX [COUNT]: has it heard such a line, so many times?
hears() {
	[ "$(grep -c -e "$1" heard)" -ge "${2:-1}" ]
}

case_of ready__path 'it is told at a path when the server serves'
ready__path_body() {
	manager
	serves
	gets good good
	atf_check -s exit:0 -e empty \
	    -o inline:'READY=1\nSTATUS=Serving 1 client\n\n' cat heard
	server_stop server
	atf_check -s exit:0 -e empty \
	    -o inline:'STOPPING=1\nSTATUS=Ending\n\n' tail -n 3 heard
}

case_of ready__abstract 'it is told at a name in no file system'
ready__abstract_body() {
	manager @openmandos-test
	serves
	atf_check -s exit:0 -e empty \
	    -o inline:'READY=1\nSTATUS=Serving 1 client\n\n' cat heard
	server_stop server
}

case_of ready__not_before 'it is told nothing of a start that fails'
ready__not_before_body() {
	manager
	echo 'interval = soon' >>etc/clients.conf
	atf_check -s exit:78 -o empty -e ignore \
	    env NOTIFY_SOCKET="$address" "$bin/mandos" --foreground \
	    --configdir "$PWD/etc" --statedir "$PWD/server.state"
	atf_check -s exit:0 -o empty -e empty cat heard
}

case_of socket__useless 'an address of nothing harms nobody'
socket__useless_body() {
	manager
	for address in nonsense @ /nowhere/at/all; do
		server_under="env NOTIFY_SOCKET=$address"
		opens
		gets good good
		server_stop server
	done
}

case_of status__disabled 'the status says how many clients are disabled'
status__disabled_body() {
	manager
	key one
	section one 'enabled = no'
	key two
	section two
	serves
	atf_check -s exit:0 -o ignore -e empty \
	    grep -x 'STATUS=Serving 3 clients, 1 disabled' heard
	server_stop server
}

case_of environment__taken 'no process of the server but the first is told'
environment__taken_body() {
	manager
	serves WATCHDOG_USEC=60000000
	for pid in $(host_pids server); do
		[ "$pid" != "$(server_part server parent)" ] || continue
		tr '\0' '\n' <"/proc/$pid/environ"
	done >environment
	atf_check -s exit:0 -o ignore -e empty grep '^PATH=' environment
	atf_check -s exit:1 -o empty -e empty \
	    grep -e NOTIFY_SOCKET -e WATCHDOG environment
	server_stop server
}

case_of reload__told 'it is told that a reload begins, and how it ends'
reload__told_body() {
	manager
	serves
	key new
	section new
	kill -HUP "$(cat server.pid)"
	wait_for 10 hears '^READY=1$' 2
	atf_check -s exit:0 -e empty -o inline:"\
READY=1
STATUS=Serving 1 client

RELOADING=1
MONOTONIC_USEC=N
STATUS=Reading the configuration

READY=1
STATUS=Serving 2 clients

" sed 's/^\(MONOTONIC_USEC=\)[0-9]*$/\1N/' heard
	# That time is of this machine's clock.
	now=$(sed 's/[. ].*//' /proc/uptime)
	told=$(sed -n 's/^MONOTONIC_USEC=\(.*\)......$/\1/p' heard)
	[ "$told" -le $((now + 1)) ] && [ "$told" -ge $((now - 60)) ] ||
	    atf_fail "$told s are not $now s"

	echo 'interval = soon' >>etc/clients.conf
	kill -HUP "$(cat server.pid)"
	wait_for 10 hears '^READY=1$' 3
	refused='Serving 2 clients; the configuration was not reloaded'
	atf_check -s exit:0 -e empty \
	    -o inline:"READY=1\nSTATUS=$refused\n\n" tail -n 3 heard

	sed -i '$d' etc/clients.conf
	kill -HUP "$(cat server.pid)"
	wait_for 10 hears '^READY=1$' 4
	atf_check -s exit:0 -e empty \
	    -o inline:'READY=1\nSTATUS=Serving 2 clients\n\n' tail -n 3 heard
	server_stop server
}

case_of watchdog__alive 'it hears a sign of life while the monitor lives'
watchdog__alive_body() {
	manager
	serves WATCHDOG_USEC=600000
	wait_for 10 hears '^WATCHDOG=1$' 3
	# What the monitor does is what counts, not what the parent does.
	kill -STOP "$(server_part server monitor)"
	# One may be on its way.
	: >heard
	wait_for 10 state_is "$(server_part server monitor)" T
	atf_check -s exit:124 -o not-match:'WATCHDOG=1.*WATCHDOG=1' -e empty \
	    timeout 2 sh -c 'tail -f heard | paste -sd " "'
	: >heard
	atf_check -s exit:124 -o empty -e empty timeout 2 tail -f heard
	kill -CONT "$(server_part server monitor)"
	wait_for 10 hears '^WATCHDOG=1$' 3
	server_stop server
}

# state_is PID STATE
state_is() {
	[ "$(ps -o stat= -p "$1" | cut -c 1)" = "$2" ]
}

case_of watchdog__often 'the signs come twice in the time allowed'
watchdog__often_body() {
	manager
	serves WATCHDOG_USEC=400000
	begin=$(date +%s%3N)
	wait_for 10 hears '^WATCHDOG=1$' 10
	took=$(($(date +%s%3N) - begin))
	[ "$took" -le 4000 ] || atf_fail "ten signs took $took ms"
	[ "$took" -ge 1000 ] || atf_fail "ten signs took $took ms only"
	server_stop server
}

case_of watchdog__not_wanted 'no watchdog, or that of somebody else'
watchdog__not_wanted_body() {
	manager
	for variables in LANG=C 'WATCHDOG_USEC=200000 WATCHDOG_PID=1' \
	    WATCHDOG_USEC=0 WATCHDOG_USEC=soon; do
		: >heard
		# shellcheck disable=SC2086	# several words
		serves $variables
		: >heard
		atf_check -s exit:124 -o empty -e empty \
		    timeout 1 tail -f heard
		server_stop server
	done
	# Its own pid is the one it is given when it is started as here.
	printf '#! /bin/sh\nWATCHDOG_PID=$$\nexport WATCHDOG_PID\nexec "$@"\n' \
	    >itself
	chmod +x itself
	: >heard
	serves WATCHDOG_USEC=400000 ./itself
	wait_for 10 hears '^WATCHDOG=1$'
	server_stop server
}

atf_init_test_cases() {
	atf_add_test_case ready__path
	atf_add_test_case ready__abstract
	atf_add_test_case ready__not_before
	atf_add_test_case socket__useless
	atf_add_test_case status__disabled
	atf_add_test_case environment__taken
	atf_add_test_case reload__told
	atf_add_test_case watchdog__alive
	atf_add_test_case watchdog__often
	atf_add_test_case watchdog__not_wanted
}
