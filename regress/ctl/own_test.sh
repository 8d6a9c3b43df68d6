# SPDX-License-Identifier: ISC
# What only our server offers, as our mandos-ctl offers it to people: with the
# whole server, and clients that fetch their secrets.

. "$(atf_get_srcdir)/../lib.sh"
. "$top_srcdir/regress/ctl/server.sh"

case_of() {
	atf_test_case "$1"
	eval "$1_head() {
		atf_set descr \"$2\"
		atf_set timeout 120
		atf_set require.user root
	}"
}

# serves: a server with the clients in ./etc; ./ctl is our tool.
serves() {
	server_of server "$port" "$bin/mandos" --debuglevel INFO
	cat >ctl <<-END
		#! /bin/sh
		DBUS_SYSTEM_BUS_ADDRESS=unix:path=$PWD/server.bus
		export DBUS_SYSTEM_BUS_ADDRESS
		exec "$top_builddir/ctl/mandos-ctl" "\$@"
	END
	chmod 755 ctl
	wait_for 20 ./ctl good
	wait_for 20 server_is_up server
}

# does WORD...: it does, and says nothing.
does() {
	atf_check -s exit:0 -o empty -e empty ./ctl "$@"
}

# explains NAME SENTENCE [REMEDY]: what --why answers; the second line is there
# only if it would get nothing.
explains() {
	explains_name=$1
	atf_check -s exit:0 -o save:why -e empty ./ctl --why "$1"
	atf_check -s exit:0 -o match:"^$1: $2" -e empty head -n 1 why
	sed 1d why >remedy
	shift 2
	if [ $# -eq 0 ]; then
		atf_check -s exit:0 -o empty -e empty cat remedy
	else
		atf_check -s exit:0 -e empty \
		    -o match:"^$explains_name: To change that, .*$1" cat remedy
	fi
}

case_of why__as_it_is 'what --why says comes true, and its remedy works'
why__as_it_is_body() {
	house
	key off
	section off 'enabled = no'
	key ask
	section ask 'approval_delay = PT1M' 'approved_by_default = no'
	key late
	section late 'approval_delay = PT1S'
	printf '[keyless]\nsecret =\n' >>etc/clients.conf
	serves
	explains good 'It would get its secret at once'
	gets good good
	explains off 'It would get nothing: it is disabled' --enable
	gets '' off
	does --enable off
	explains off 'It would get its secret at once'
	gets off off
	explains late 'It would get its secret 1 seconds after it asks'
	gets late late
	explains keyless 'It would get nothing' --reload
	explains ask 'It would get its secret only if' --approve
	at server "$fetcher" -k ask.key -u ask.pub -p "$port" -t 60000 \
	    >ask.out 2>ask.err &
	ask=$!
	wait_for 10 is_waiting ask
	explains ask 'It is waiting for its secret: .* it is refused' \
	    --approve
	does --approve ask
	wait "$ask" || atf_fail 'who was approved has failed'
	atf_check -s exit:0 -o inline:ask -e empty cat ask.out
}

is_waiting() {
	./ctl -j "$1" | grep -q '"ApprovalPending": true'
}

case_of add__and_remove 'clients are added, kept, and removed'
add__and_remove_body() {
	house
	serves
	key new
	printf '[DEFAULT]\ninterval = PT7M\n' >new.conf
	printf %s new | "$fetcher" -S new -k new.key -u new.pub >>new.conf
	echo 'extended_timeout = PT9M' >>new.conf
	gets '' new
	does --add new.conf
	gets new new
	atf_check -s exit:0 -o save:json -e empty ./ctl -j new
	for line in '"Name": "new"' '"Enabled": true' '"Interval": 420000' \
	    '"Timeout": 300000' '"ExtendedTimeout": 540000' \
	    '"Checker": "fping -q -- %(host)s"'; do
		atf_check -s exit:0 -o ignore -e empty grep -F "$line" json
	done
	# Again: it is there; but what is new in the same file is taken.
	key second
	sed 's/^interval.*//' new.conf >both.conf
	printf 'mine' | "$fetcher" -S second -k second.key -u second.pub \
	    >>both.conf
	atf_check -s exit:1 -o empty \
	    -e match:'^mandos-ctl: both.conf:[0-9]*: new is not added: ' \
	    ./ctl --add both.conf
	gets mine second
	# What no server can use is refused by ours, and does no harm.
	printf '[third]\nkey_id = 12\nsecret =\n' >bad.conf
	atf_check -s exit:1 -o empty -e save:err ./ctl --add - <bad.conf
	atf_check -s exit:0 -e empty \
	    -o match:'^mandos-ctl: standard input:1: third is not added: KeyID' \
	    tail -n 1 err
	does --reload
	kill -TERM "$(cat server.pid)"
	wait "$(cat server.pid)" || atf_fail 'the server has failed'
	serves
	gets new new
	gets mine second
	does --remove new
	gets '' new
	gets mine second
	atf_check -s exit:1 -o empty \
	    -e inline:"Client not found on server: 'new'\n" ./ctl new
}

case_of reload__and_its_complaint 'a reload is done, or the reason is told'
reload__and_its_complaint_body() {
	house
	serves
	key new
	section new
	gets '' new
	does --reload
	gets new new
	cp etc/clients.conf good.conf
	printf 'interval = P0D\n' >>etc/clients.conf
	lines=$(wc -l <etc/clients.conf)
	atf_check -s exit:1 -o empty -e inline:"mandos-ctl: --reload: \
$PWD/etc/clients.conf:$lines: interval is zero\n" ./ctl --reload
	gets new new
	cp good.conf etc/clients.conf
	does --reload
}

# told EVENT CLIENT [TEXT]: the watch has told of it.
told() {
	grep "^{\"time\": \"[^\"]*Z\", \"event\": \"$1\", \"client\": \"$2\"" \
	    watched | grep -qF "${3-}"
}

# tells EVENT CLIENT [TEXT]: it does so soon, and each line is JSON.
tells() {
	wait_for 20 told "$@"
}

case_of watch__as_it_happens 'events are told as they happen'
watch__as_it_happens_body() {
	need python3
	house
	key new
	"$fetcher" -S new -k new.key -u new.pub </dev/null >new.conf
	serves
	./ctl --watch --dump-json >watched 2>watched.err &
	watcher=$!
	./ctl --watch nobody >other 2>&1 && atf_fail 'nobody is watched'
	# It is ready when it tells of what has just been done.
	wait_for 20 bumped
	does -H else.where good
	tells PropertiesChanged good '"changed": {"Host": "else.where"}'
	does --disable good
	tells PropertiesChanged good '"Enabled": false'
	gets '' good
	tells Rejected good '"reason": "Disabled"'
	does --enable -c 'exit 7' --start-checker good
	tells CheckerStarted good '"command": "exit 7"'
	tells CheckerCompleted good '"status": 7, "wait": 1792'
	gets good good
	tells GotSecret good
	printf %s secret >secret
	does --secret secret good
	tells PropertyReplaced good '"property": "Secret"'
	gets '' new
	wait_for 20 grep -q '"event": "ClientNotFound", "key_id": "' watched
	does --add new.conf
	tells Added new
	does --remove new
	tells Removed new
	kill -TERM "$(cat server.pid)"
	wait "$(cat server.pid)" || atf_fail 'the server has failed'
	wait_for 20 grep -q '"event": "ServerStopped"' watched
	serves
	tells Added good
	wait_for 20 grep -q '"event": "ServerStarted"' watched
	kill "$(cat server.bus.pid)"
	status=0
	wait "$watcher" || status=$?
	atf_check_equal 1 "$status"
	atf_check -s exit:0 -o inline:'The system bus is gone.\n' -e empty \
	    cat watched.err
	atf_check -s exit:0 -o empty -e empty python3 -c '
import json, sys
for line in sys.stdin:
    assert json.loads(line)["event"], line' <watched
}

bumped() {
	./ctl --bump-timeout good && told PropertiesChanged good LastCheckedOK
}

case_of health__as_it_is 'the line and the status are those of the clients'
health__as_it_is_body() {
	house
	key other
	section other
	echo '[DEFAULT]' >>etc/clients.conf
	echo 'checker = exit 3' >>etc/clients.conf
	echo 'interval = P7D' >>etc/clients.conf
	serves
	atf_check -s exit:0 -e empty -o match:'^MANDOS OK - 2 clients, all is' \
	    ./ctl --health
	does --disable other
	atf_check -s exit:1 -e empty -o inline:'MANDOS WARNING - 2 clients: '\
'1 disabled (other) | clients=2 disabled=1 failing=0 waiting=0\n' \
	    ./ctl --health
	atf_check -s exit:0 -e empty -o match:'^MANDOS OK' ./ctl --health good
	atf_check -s exit:2 -e empty -o match:'^MANDOS CRITICAL' \
	    ./ctl --health other good
	does --start-checker good
	wait_for 10 fails good
	atf_check -s exit:1 -e empty -o match:'1 failing .good.' \
	    ./ctl --health good
	kill -KILL "$(cat server.pid)"
	wait "$(cat server.pid)" || :
	wait_for 10 is_critical
}

fails() {
	./ctl -j "$1" | grep -q '"LastCheckerStatus": 3'
}

is_critical() {
	./ctl --health | grep -q '^MANDOS CRITICAL - there is no server: '
}

case_of users__others 'who is neither root nor of the group gets nothing'
users__others_body() {
	need setpriv
	getent passwd nobody >/dev/null || atf_skip 'there is no user nobody'
	house
	serves
	cp "$top_builddir/ctl/mandos-ctl" tool
	sed -i "s|^exec .*|exec \"$PWD/tool\" \"\$@\"|" ctl
	printf '[new]\nkey_id = %064d\nsecret =\n' 7 >new.conf
	chmod 644 new.conf
	set -- setpriv --reuid nobody --regid "$(id -g nobody)" --clear-groups
	"$@" test -x tool || atf_skip 'nobody cannot come here'
	for option in --reload --watch --why=good --add=new.conf; do
		atf_check -s exit:1 -o empty -e match:"^mandos-ctl: ${option%=*}: " \
		    "$@" ./ctl $option
	done
	atf_check -s exit:1 -o empty \
	    -e match:'^Failed to access Mandos server through D-Bus:' \
	    "$@" ./ctl --disable good
	atf_check -s exit:3 -o match:'^MANDOS UNKNOWN - ' -e empty \
	    "$@" ./ctl --health
	atf_check -s exit:0 -o match:Yes -e empty ./ctl good
	atf_check -s exit:1 -o empty -e ignore ./ctl new
}

atf_init_test_cases() {
	atf_add_test_case why__as_it_is
	atf_add_test_case add__and_remove
	atf_add_test_case reload__and_its_complaint
	atf_add_test_case watch__as_it_happens
	atf_add_test_case health__as_it_is
	atf_add_test_case users__others
}
