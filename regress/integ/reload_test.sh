# SPDX-License-Identifier: ISC
# A server that is told to read its configuration again.

. "$(atf_get_srcdir)/../lib.sh"
. "$top_srcdir/regress/integ/control.sh"

integ=$top_srcdir/regress/integ

# reloadable: start a server that tells when it has reloaded.
reloadable() {
	need python3
	python3 "$integ/syslogd.py" notify notified &
	wait_for 10 test -S notify
	NOTIFY_SOCKET=$PWD/notify
	export NOTIFY_SOCKET
	lives
	unset NOTIFY_SOCKET
	wait_for 10 ready 1
}

# ready COUNT: has it said so often that a configuration is in force?
ready() {
	[ "$(grep -c '^READY=1' notified)" -ge "$1" ]
}

# reload RESULT: tell it, and wait until it is done: accepted or refused.
reload() {
	reload_count=$(($(grep -c '^READY=1' notified) + 1))
	kill -HUP "$(cat server.pid)"
	reload_end=$(($(date +%s) + 10 * slower))
	# More often than wait_for looks.
	until ready "$reload_count"; do
		[ "$(date +%s)" -le "$reload_end" ] ||
		    server_fail server 'it does not say that it has reloaded'
		sleep 0.01
	done
	case $(grep '^STATUS=' notified | tail -n 1) in
	*'not reloaded'*) reload_result=refused ;;
	*)	reload_result=accepted ;;
	esac
	[ "$reload_result" = "$1" ] || server_fail server \
	    "the configuration was $reload_result"
}

# without NAME: take its section out of clients.conf.
without() {
	awk -v name="[$1]" '/^\[/ { skip = $0 == name } !skip' \
	    etc/clients.conf >new.conf
	cat new.conf >etc/clients.conf
}

# parts: the processes of the server that a reload does not replace.
parts() {
	for part in parent monitor warden state netd checkerd busd; do
		echo "$part $(server_part server $part)"
	done
}

# same_parts: hold that they are those in the file "parts".
same_parts() {
	parts >parts_now
	atf_check -s exit:0 -o file:parts -e empty cat parts_now
}

case_of hup__nothing_changed 'nothing is what happens'
hup__nothing_changed_body() {
	home
	client foo
	client off
	reloadable
	admin disable off
	admin set foo timeout 77000 secret 'run time'
	"$helpers/admin" show foo >before
	parts >parts
	reload accepted
	atf_check -s exit:0 -o file:before -e empty "$helpers/admin" show foo
	gets 'run time' foo
	gets '' off
	same_parts
	atf_check -s exit:0 -o match:'^RELOADING=1$' \
	    -o match:'^MONOTONIC_USEC=[0-9]*$' -e empty cat notified
	server_stop server
}

case_of client__added 'a new client is served'
client__added_body() {
	home
	reloadable
	key foo
	gets '' foo
	section foo
	begin=$(now_us)
	reload accepted
	gets foo foo
	holds foo last_checker_status -2 last_checked_ok 0
	between "$begin" "$(value foo created)" "$(now_us)" created
	server_stop server
	# It is in the ledger as any other.
	lives
	gets foo foo
	admin disable foo
	server_stop server
}

case_of client__removed 'one that is taken out is refused from then on'
client__removed_body() {
	home
	client foo 'interval = PT1S'
	client waiting 'approval_delay = PT60S'
	client busy 'checker = sleep 1000'
	reloadable
	gets foo foo
	waits one waiting
	admin start-checker busy
	tells '^event busy checker-started'
	for name in foo waiting busy; do
		without $name
	done
	reload accepted
	gets '' foo
	tells '^gone foo$'
	tells '^event - unknown-key'
	# Who waits gets nothing, and need not wait any longer.
	answered one ''
	wait_for $((2 * slower)) no_sleep
	checks=$(count '^event foo checker-started')
	ticks 2
	atf_check_equal "$checks" "$(count '^event foo checker-started')"
	# It comes back as a new one.
	section foo
	reload accepted
	gets foo foo
	holds foo last_checker_status -2
	server_stop server
}

no_sleep() {
	! pgrep -f '^sleep 1000$' --ns "$(cat server.pid)" --nslist net
}

case_of client__removed_twice 'who was removed at run time stays removed'
client__removed_twice_body() {
	home
	client foo
	client bar
	reloadable
	admin remove foo
	reload accepted
	gets '' foo
	# Even if it is changed; until it was not there for once.
	without foo
	section foo 'timeout = PT9M'
	reload accepted
	gets '' foo
	without foo
	reload accepted
	section foo
	reload accepted
	gets foo foo
	server_stop server
}

case_of client__changed 'what was changed in the file counts, and only that'
client__changed_body() {
	home
	client foo 'timeout = PT5M'
	client secret
	client on 'enabled = no'
	client off
	client keyed
	reloadable
	admin set foo timeout 77000 host rt
	admin checked-ok foo
	admin set secret secret 'run time'
	value foo created >created
	value foo last_checked_ok >ok
	for name in foo secret on off keyed; do
		without $name
	done
	section foo 'timeout = PT5M' 'extended_timeout = PT20M' \
	    'approval_delay = PT1S' 'approved_by_default = no'
	printf %s 'a new one' | "$fetcher" -S secret -k secret.key \
	    -u secret.pub >>etc/clients.conf
	section on
	section off 'enabled = no'
	cp keyed.key old.key
	cp keyed.pub old.pub
	key keyed
	section keyed
	reload accepted
	holds foo timeout 77000 host rt extended_timeout 1200000 \
	    approval_delay 1000 approved_by_default no enabled yes \
	    created "$(cat created)" last_checked_ok "$(cat ok)"
	gets '' foo
	tells '^event foo rejected timed-out'
	gets 'a new one' secret
	gets on on
	gets '' off
	gets keyed keyed
	gets '' old
	# Enabled or disabled at run time, it stays so.
	admin disable on
	admin enable off
	reload accepted
	gets '' on
	gets off off
	server_stop server
	lives
	gets '' on
	gets off off
	gets 'a new one' secret
	holds foo timeout 77000 extended_timeout 1200000
	server_stop server
}

case_of file__broken 'a file that is broken changes nothing, and is reported'
file__broken_body() {
	home
	client foo
	reloadable
	parts >parts
	cp etc/clients.conf good.conf
	key new
	section new
	without foo
	cp etc/clients.conf next.conf
	for line in 'interval = soon' 'no equals sign' '[new]' \
	    'secfile = /nonexistent'; do
		cp next.conf etc/clients.conf
		echo '[bad]' >>etc/clients.conf
		echo "$line" >>etc/clients.conf
		reload refused
		logs "etc/clients\\.conf:$(($(wc -l <next.conf) + 1))\\|$(
		    )etc/clients\\.conf:$(($(wc -l <next.conf) + 2))"
		logs '^<3>mandos: configuration not reloaded'
		gets foo foo
		gets '' new
	done
	# The other file as well.
	cp next.conf etc/clients.conf
	echo 'port = ssh' >>etc/mandos.conf
	reload refused
	logs 'etc/mandos\.conf:2: port is not an integer'
	gets foo foo
	gets '' new
	same_parts
	# Mended, it counts.
	echo '[DEFAULT]' >etc/mandos.conf
	reload accepted
	gets '' foo
	gets new new
	server_stop server
}

case_of clients_d__is_read 'clients.d/*.conf is read as well'
clients_d__is_read_body() {
	home
	client foo
	cp etc/clients.conf base
	: >etc/clients.conf
	mkdir -m 700 etc/clients.d
	client bar
	mv etc/clients.conf etc/clients.d/bar.conf
	client other
	mv etc/clients.conf etc/clients.d/other.conf-off
	cp base etc/clients.conf
	reloadable
	gets foo foo
	gets bar bar
	gets '' other
	mv etc/clients.d/other.conf-off etc/clients.d/other.conf
	rm etc/clients.d/bar.conf
	reload accepted
	gets foo foo
	gets '' bar
	gets other other
	# One client cannot be in two files.
	sed '/^\[DEFAULT]/,$d' base >etc/clients.d/again.conf
	reload refused
	gets good good
	rm etc/clients.d/again.conf
	reload accepted
	server_stop server
}

case_of connections__survive 'connections under way are not disturbed'
connections__survive_body() {
	home
	client foo 'approval_delay = PT60S' 'approved_by_default = no'
	client changed 'approval_delay = PT60S' 'approved_by_default = no'
	echo 'close_timeout = PT60S' >>etc/mandos.conf
	reloadable
	waits one foo
	waits two changed
	mkfifo hold
	./at_server "$helpers/linger" ::1 "$port" good.key good.pub \
	    <hold >received 2>lingered &
	linger=$!
	exec 9>hold
	printf good >secret
	wait_for 10 cmp received secret
	without changed
	section changed 'approval_delay = PT60S' 'approved_by_default = no' \
	    'timeout = PT9M'
	for i in 1 2 3; do
		reload accepted
		echo broken >>etc/clients.conf
		reload refused
		sed -i '$d' etc/clients.conf
	done
	holds foo approvals_pending 1
	holds changed approvals_pending 1 timeout 540000
	admin approve foo
	admin approve changed
	answered one foo
	answered two changed
	exec 9>&-
	wait "$linger" || atf_fail "it failed: $(cat lingered)"
	server_stop server
}

atf_test_case hup__thousand
hup__thousand_head() {
	atf_set descr 'a thousand reloads under load'
	atf_set timeout 300
	atf_set require.user root
}
hup__thousand_body() {
	home
	mkdir load
	"$helpers/mkclients" -s 200 20 load || atf_fail 'no clients'
	mv load/clients.conf etc/clients.conf
	section good
	cp etc/clients.conf without.conf
	client gone
	cp etc/clients.conf with.conf
	{
		cat with.conf
		echo 'no equals sign'
	} >broken.conf
	reloadable
	touch go storms leaks
	load &
	load_pid=$!
	cycles=0
	while [ "$cycles" -lt $((250 / slower)) ]; do
		cycles=$((cycles + 1))
		swap without.conf
		reload accepted
		gone
		swap broken.conf
		reload refused
		gone
		swap with.conf
		reload accepted
		[ $((cycles % 25)) -ne 0 ] || gets gone gone
		swap broken.conf
		reload refused
	done
	rm go
	wait "$load_pid" || atf_fail "a fetch was not served: $(cat figures)"
	atf_check -s exit:0 -o empty -e empty cat leaks
	atf_check_equal $((2 * cycles)) \
	    "$(grep -c 'configuration not reloaded' server.log)"
	echo "$(wc -l <storms) storms of 200 fetches"
	[ -s storms ] || atf_fail 'there was no load'
	gets good good
	server_stop server
}

# swap FILE: this is clients.conf from one moment to the next.
swap() {
	cp "$1" etc/clients.conf.new
	mv etc/clients.conf.new etc/clients.conf
}

# gone: the client that is not in clients.conf asks, and what it gets is kept.
gone() {
	asks gone >>leaks 2>/dev/null ||
	    atf_fail 'a connection was not served'
}

# load: storms, one after the other, as long as there is a file "go".
load() {
	while [ -e go ]; do
		at server "$helpers/storm" -k load/keys.bin -p "$port" \
		    -n 200 -c 4 >figures 2>&1 || return 1
		echo 200 >>storms
	done
}

atf_init_test_cases() {
	atf_add_test_case hup__nothing_changed
	atf_add_test_case client__added
	atf_add_test_case client__removed
	atf_add_test_case client__removed_twice
	atf_add_test_case client__changed
	atf_add_test_case file__broken
	atf_add_test_case clients_d__is_read
	atf_add_test_case connections__survive
	atf_add_test_case hup__thousand
}
