# SPDX-License-Identifier: ISC
# mandos-monitor in a terminal, with a server that is played: what it shows,
# what its keys do, and what it withstands.

. "$(atf_get_srcdir)/../lib.sh"
. "$top_srcdir/regress/ctl/monitor.sh"

# begins [COUNT]: a server with so many clients, and the monitor.
begins() {
	terminal
	fake "$@"
	shows "$monitor"
}

# called LINE...: hold that the server has been called like that, in the end.
called() {
	for line; do
		screen_is last_call "$line"
	done
}

last_call() {
	[ "$(tail -n 1 calls)" = "$1" ]
}

# at NAME: hold that the cursor is on this client.
is_at() {
	keys C
	called "/clients/$1 CheckedOK "
}

case_of usage__all 'the command line, and what it does without a terminal'
usage__all_body() {
	need dbus-daemon
	fake_bus
	atf_check -s exit:0 -o match:'^usage: mandos-monitor \[-hv\]$' \
	    -o match:'^  -h, --help' -o match:'^  -v, --version' -e empty \
	    "$monitor" --help
	atf_check -s exit:0 -o match:'^mandos-monitor [0-9.]+$' -e empty \
	    "$monitor" --version
	atf_check -s exit:2 -o empty -e match:'^usage: ' "$monitor" --bogus
	atf_check -s exit:2 -o empty -e match:'foo' "$monitor" foo
	atf_check -s exit:1 -o empty \
	    -e match:'^mandos-monitor: .* must be a terminal$' "$monitor"
	bus_ends
	atf_check -s exit:1 -o empty \
	    -e match:'^mandos-monitor: no system bus: .*bus' "$monitor"
	terminal
	fake_bus
	for term in no-such-terminal dumb ''; do
		shows "env TERM=$term $monitor"
		sees '^exit=1$'
		atf_check -s exit:0 -o match:'terminal' -e empty cat errors
	done
}

case_of rows__of_all_states 'each row says what there is to say'
rows__of_all_states_body() {
	begins
	sees 'Note: Server has no clients\.$'
	says 'add("on")' \
	    'add("off", Enabled=False)' \
	    'add("run", CheckerRunning=True)' \
	    'add("bad", LastCheckerStatus=1, Expires=stamp(3700))' \
	    'add("new", LastCheckerStatus=-2, Expires=stamp(90000))' \
	    'add("deny", ApprovalPending=True, ApprovedByDefault=False,
		ApprovalDelay=60000, LastApprovalRequest=stamp(0))' \
	    'add("give", ApprovalPending=True, ApprovalDelay=60000,
		LastApprovalRequest=stamp(0))' \
	    'add("odd", Expires="tomorrow", LastCheckerStatus=1)'
	failed='A checker has failed! Time until client gets disabled:'
	sees '^on: enabled  *\[==========\]$' \
	    '^off: DISABLED$' \
	    '^run: enabled  *checking \[==========\]$' \
	    "^bad: $failed 1:01:[0-9][0-9]\$" \
	    "^new: $failed 1 day, 0:59:[0-9][0-9]\$" \
	    '^deny: Denial in 0:00:5[0-9]\. (a)pprove?  *\[==*  *\]$' \
	    '^give: Approval in 0:00:5[0-9]\. (d)eny?  *\[==*  *\]$' \
	    "^odd: $failed 0:00:00\$"
	# They go on by themselves, and change when they are told to.
	sees '^deny: Denial in 0:00:4[0-9]\.'
	says 'set("deny", ApprovalPending=False)' \
	    'set("on", CheckerRunning=True)' 'set("run", Enabled=False)'
	sees '^deny: enabled' '^on: enabled  *checking \[' '^run: DISABLED'
	says 'remove("bad")' 'remove("odd")'
	sees_no '^bad:' '^odd:'
	quits
}

case_of events__all 'each event is a line of the log'
events__all_body() {
	begins 1
	sees '^client00000: enabled'
	time='^[0-9-]* [0-9:]*,[0-9][0-9][0-9]: '
	says 'tell("client00000", "NeedApproval", "tb", 1500, True)' \
	    'tell("client00000", "NeedApproval", "tb", 2000, False)' \
	    'tell("client00000", "GotSecret")' \
	    'tell("client00000", "Rejected", "s", "Denied")' \
	    'not_found("ab12", "::1")' \
	    'tell("client00000", "CheckerStarted", "s", "x y")' \
	    'tell("client00000", "CheckerCompleted", "nxs", 0, 0, "x y")' \
	    'tell("client00000", "CheckerCompleted", "nxs", 3, 768, "x")' \
	    'tell("client00000", "CheckerCompleted", "nxs", -1, 9, "x")' \
	    'tell("client00000", "CheckerCompleted", "nxs", -1, -241, "x")' \
	    'tell("client00000", "CheckerCompleted", "nxs", 0, 127, "x")'
	keys w
	checker='Checker for client client00000 (command "x")'
	sees "${time}Client client00000 will get its secret in 1.500000 s" \
	    "${time}Client client00000 needs approval within 2.000000 s" \
	    "${time}Client client00000 received its secret\$" \
	    "${time}Client client00000 was rejected; reason: Denied\$" \
	    "${time}Client with address ::1 and key ID ab12 could not be f" \
	    "${time}$checker failed "
	tm resize-window -t m -x 120 -y 30
	sees "${time}$checker failed with exit code 3\$" \
	    "${time}$checker was killed by signal 9\$" \
	    "${time}$checker was killed by signal 15\$" \
	    "${time}$checker ended with unknown status 127\$"
	sees_no 'started checker' 'succeeded'
	keys v
	sees "${time}Verbose mode: On\$"
	says 'tell("client00000", "CheckerStarted", "s", "x y")' \
	    'tell("client00000", "CheckerCompleted", "nxs", 0, 0, "x y")' \
	    'add("two")' 'remove("two")' 'remove("three")'
	sees "${time}Client client00000 started checker \"x y\"\$" \
	    "${time}Checker for client .* (command \"x y\") succeeded\$" \
	    "${time}Created client two\$" \
	    "${time}Unknown client /clients/three removed\$"
	keys w
	sees "${time}Wrap mode: any\$"
	keys l l
	sees "${time}Log visibility changed to: False\$" \
	    "${time}Log visibility changed to: True\$"
	keys v
	sees "${time}Verbose mode: Off\$"
	quits
}

case_of orders__all 'each key calls the method that it should'
orders__all_body() {
	begins 3
	sees '^client00002: enabled'
	: >calls
	keys Down
	client=/clients/client00001
	set="$client Set ssv se.recompile.Mandos.Client"
	keys +; called "$set Enabled 1"
	keys -; called "$set Enabled 0"
	keys a; called "$client Approve b 1"
	keys d; called "$client Approve b 0"
	keys s; called "$set CheckerRunning 1"
	keys S; called "$set CheckerRunning 0"
	keys C; called "$client CheckedOK "
	for key in R _ C-k; do
		: >calls
		keys $key; called "/ RemoveClient o $client"
	done
	# They are for the client in the pane as well.
	: >calls
	keys Enter
	sees '^Name  *client00001$'
	keys +; called "$set Enabled 1"
	keys Enter
	says 'put("refuses", "you may not")'
	keys a
	sees 'Approving client client00001 failed: you may not$'
	keys Down R
	sees 'Removing client client00002 failed: you may not$'
	# What nobody answers is not waited for.
	says 'put("is_deaf", True)'
	keys a Up Enter
	sees '^Name  *client00001$'
	keys q
	ends 0
}

case_of cursor__moves 'the cursor goes where keys say, and stays with clients'
cursor__moves_body() {
	begins 30
	sees '1-11 of 30 ─$'
	keys Down C-n j; is_at client00003
	keys Up; is_at client00002
	keys C-p; is_at client00001
	keys k k k; is_at client00000
	keys PageDown
	sees '^client00011: '
	is_at client00011
	keys Space f C-v C-v C-v C-v; is_at client00029
	sees '20-30 of 30 ─$'
	keys PageUp b M-v; is_at client00000
	keys End; is_at client00029
	keys Home; is_at client00000
	keys G; is_at client00029
	keys g Down; is_at client00001
	# What comes and goes around it moves it on the screen at most.
	says 'add("aaa")' 'add("client00000b")' 'remove("client00000")'
	is_at client00001
	says 'remove("client00001")'
	sees_no '^client00001: '
	is_at client00002
	says 'set("client00002", Name="zzz")'
	is_at client00002
	quits
}

case_of search__by_letters 'each letter searches, and n goes on'
search__by_letters_body() {
	begins 3
	says 'add("Web-1", "/clients/Web_1")' 'add("mail")' \
	    'add("web-2", "/clients/web_2")' \
	    'add("größe", "/clients/groesse")'
	sees '^größe: ' '^web-2: '
	keys / w e
	sees '^/we$'
	keys Enter; is_at Web_1
	keys n; is_at web_2
	keys n; is_at Web_1
	keys N; is_at web_2
	keys / x y z
	sees '^/xyz  *not found$'
	keys BSpace BSpace BSpace
	sees '^/$'
	keys Escape; is_at web_2
	keys / ö Enter; is_at groesse
	keys / q x Enter
	sees ' not found: qx ─$'
	keys k
	sees_no 'not found'
	keys / a b C-u m a Enter; is_at mail
	# Keys are letters there, and the log gives the focus back.
	keys Tab / C Enter
	is_at client00000
	keys / Escape q
	ends 0
}

case_of order__each 'clients are ordered by name, state or expiry'
order__each_body() {
	begins
	says 'add("a", Enabled=False)' 'add("b", Expires=stamp(200))' \
	    'add("c", Expires=stamp(100))' \
	    'add("d", LastCheckerStatus=1, Expires=stamp(1000))' \
	    'add("e", ApprovalPending=True, ApprovedByDefault=False)'
	sees '^e: Denial'
	screen_is in_order abcde
	keys o
	sees ' by state ─$'
	screen_is in_order edbca
	says 'set("b", Enabled=False)' 'set("a", Enabled=True)'
	screen_is in_order edacb
	keys o
	sees ' by expiry ─$'
	screen_is in_order caedb
	keys o
	sees_no ' by '
	screen_is in_order abcde
	is_at a
	quits
}

in_order() {
	[ "$(screen | sed -n 's/^\([a-e]\): .*/\1/p' | tr -d '\n')" = "$1" ]
}

case_of detail__all 'the pane shows all about one client'
detail__all_body() {
	begins
	says 'add("foo", Host="foo.example.org", Checker="fping -q",
		Timeout=3600000, Expires=stamp(3000), LastCheckerStatus=-2)' \
	    'add("goo")'
	sees '^goo: '
	keys Enter
	sees '^Name  *foo$' '^State  *A checker has failed! Time until' \
	    '^Expires  *[0-9-]* [0-9:]* (in 0:49:5[0-9])$' \
	    '^Enabled  *Yes$' '^Timeout  *1:00:00$' \
	    '^Last Successful Check  *[0-9-]* [0-9:]* (0:00:[0-9]* ago)$' \
	    '^Created  *2019-01-02 ' '^Interval  *0:02:00$' \
	    '^Host  *foo\.example\.org$' '^Key ID  *aaaaaa' \
	    '^Fingerprint$' '^Check Is Running  *No$' '^Last Enabled  *2' \
	    '^Approval Is Pending  *No$' '^Approved By Default  *Yes$' \
	    '^Last Approval Request  *never$' '^Approval Delay  *0:00:00$' \
	    '^Approval Duration  *0:00:01$' '^Checker  *fping -q$' \
	    '^Extended Timeout  *0:15:00$' \
	    '^Last Checker Status  *no check yet$' '^Enter: Back'
	# This server cannot say why, as the original cannot.
	sees_no '^If it asked'
	says 'set("foo", LastCheckerStatus=0, Host="bar")'
	sees '^State  *enabled$' '^Host  *bar$' \
	    '^Last Checker Status  *0 (success)$'
	says 'set("foo", LastCheckerStatus=-1)'
	sees '^Last Checker Status  *killed by a signal$'
	keys Escape
	sees '^foo: ' '^goo: '
	# One that can, when it is another.
	says 'put("why", ("enabled", "It would get it at once."))' \
	    'leave()' 'come()' 'add("foo")'
	keys Enter
	sees '^If it asked now  *It would get it at once\. (enabled)$'
	says 'put("why", ("disabled", "It would get nothing."))' \
	    'set("foo", Enabled=False)'
	sees '^If it asked now  *It would get nothing\. (disabled)$' \
	    '^State  *DISABLED$'
	# An error of the moment is not for ever,
	says 'put("why", "LimitsExceeded")' 'set("foo", Host="baz")'
	sees '^Host  *baz$'
	sees_no '^If it asked'
	says 'put("why", ("enabled", "At once."))' 'set("foo", Enabled=True)'
	sees '^If it asked now  *At once\. (enabled)$'
	# nor that one client was gone when it was asked about.
	keys Enter
	says 'put("why", "gone")' 'add("aaa")'
	sees '^aaa: '
	keys g Enter
	sees '^foo: '
	sees_no '^aaa: ' '^Name '
	says 'put("why", ("enabled", "At once."))'
	keys Enter
	sees '^If it asked now  *At once\. (enabled)$'
	# In a small window it is scrolled.
	tm resize-window -t m -x 80 -y 8
	sees_no '^Last Checker Status'
	keys End
	sees '^Last Checker Status'
	keys Up Home
	sees '^Name  *foo$'
	# All these come at once.
	keys "$(printf '%800s' '' | tr ' ' G)"
	sees '^Last Checker Status'
	keys Home
	sees '^Name  *foo$'
	# Its client is gone, and it as well.
	says 'remove("foo")'
	sees_no '^Name ' '^foo: '
	quits
}

case_of log__scrolls 'the log can be read, and has 1000 lines'
log__scrolls_body() {
	begins 1
	sees '^client00000: '
	keys w
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do
		says "not_found('key$i', '::1')"
	done
	sees 'key14 could' 'key4 could'
	sees_no 'key1 could'
	# Up and down where it has the focus; what is new does not move it.
	keys Tab k
	sees 'key2 could'
	keys PageUp Home
	sees '^Mandos Monitor version'
	says "not_found('key15', '::1')"
	sees '^Mandos Monitor version' 'key10 could'
	keys End
	sees 'key15 could'
	says "not_found('key16', '::1')"
	sees 'key16 could'
	keys Tab
	says '[not_found(f"many{i}", "::1") for i in range(1000)]'
	sees 'many999 could'
	keys Tab Home
	sees 'many0 could'
	sees_no 'Monitor version' 'key16 could'
	quits
}

# raw REGEX: is that among what it has sent to the terminal?
raw() {
	LC_ALL=C grep -qaP "$1" raw
}

case_of text__hostile 'nothing of what others write gets to the terminal'
text__hostile_body() {
	begins 1
	sees '^client00000: '
	tm pipe-pane -t m 'cat >raw'
	evil='\x1b]0;OWNED\x07\x1b[31mRED\x9b32m\u202eLTR\r\nforged: line\t\x7f'
	says "add('a$evil', '/clients/a', Host='h$evil', Checker='c$evil')" \
	    "tell('a', 'CheckerCompleted', 'nxs', 1, 256, 'k$evil')" \
	    "tell('a', 'Rejected', 's', 'r$evil')" \
	    "not_found('i$evil', 'd$evil')" \
	    "put('why', ('w$evil', 'y$evil'))" \
	    "put('refuses', 'n$evil')"
	# The widest of all has to be seen whole.
	tm resize-window -t m -x 300 -y 60
	seen='\\x1b\]0;OWNED\\x07\\x1b\[31mRED\\x9b32m\\u202eLTR\\x0d\\x0a'
	seen="${seen}forged: line\\\\x09\\\\x7f"
	sees "^a$seen: enabled" \
	    "Checker for client a$seen (command \"k$seen\") failed" \
	    "Client a$seen was rejected; reason: r$seen\$" \
	    "Client with address d$seen and key ID i$seen could not"
	keys a
	sees "Approving client a$seen failed: n$seen\$"
	keys Enter
	sees "^Name  *a$seen\$" "^Host  *h$seen\$" "^Checker  *c$seen\$" \
	    "^If it asked now  *y$seen (w$seen)\$"
	keys Enter v
	sees 'Verbose mode: On'
	tm pipe-pane -t m
	# ncurses has sequences of its own, but none of these.
	for bytes in '\x1b\]' OWNED\\x07 '\x1b\[31mRED' '\xc2\x9b' \
	    '\xe2\x80\xae' '\x9b32m' '\x7f'; do
		! raw "$bytes" || atf_fail "the terminal was sent $bytes"
	done
	raw OWNED || atf_fail 'nothing of it was shown at all'
	sees_no '^forged'
	quits
}

case_of server__comes_and_goes 'no row is older than its server'
server__comes_and_goes_body() {
	begins 5
	sees '^client00004: enabled'
	keys j j
	is_at client00002
	# Killed, it does not take leave.
	fake_ends KILL
	sees 'Note: No Mandos server running\.$' ' no server ─$'
	sees_no '^client'
	keys + Enter / c Enter o o o
	fake_server 4
	sees '^client00003: enabled'
	sees_no '^client00004' ' no server '
	is_at client00002
	# And as it should.
	says 'leave()'
	sees_no '^client'
	says 'come()' 'add("new")'
	sees '^new: enabled'
	# At its end with the pane open.
	keys Enter
	sees '^Name  *new$'
	fake_ends TERM
	sees ' no server ─$'
	quits
}

case_of bus__comes_and_goes 'the bus is waited for'
bus__comes_and_goes_body() {
	begins 2
	sees '^client00001: enabled'
	keys j
	is_at client00001
	for round in 1 2 3; do
		bus_ends
		sees 'The system bus is gone; waiting for it$' \
		    ' no system bus ─$'
		sees_no '^client'
		keys + v v
		fake_ends KILL
		fake_bus
		fake_server 2
		sees 'The system bus is back$' '^client00001: enabled'
		is_at client00001
	done
	# Without it one can leave, too.
	bus_ends
	sees ' no system bus ─$'
	quits
}

case_of server__does_not_list 'a server that says nothing is no riddle'
server__does_not_list_body() {
	terminal
	fake 3
	says 'put("listing", "you are not known")'
	shows "$monitor"
	sees 'The server does not list its clients: you are not known$' \
	    ' waiting for the server ─$'
	# What it announces is shown, and goes if it is not in the list.
	says 'add("new")'
	sees '^new: enabled'
	keys Enter
	sees '^Name  *new$'
	says 'put("clients", {})' 'put("listing", None)'
	sees 'Note: Server has no clients\.$'
	sees_no '^Name ' ' waiting '
	says 'add("new")'
	sees '^new: enabled'
	quits
	says 'put("is_deaf", True)'
	shows "$monitor"
	sees ' waiting for the server ─$'
	keys Enter + a / x Enter
	quits
}

case_of stranger__is_ignored 'only the owner of the name is the server'
stranger__is_ignored_body() {
	begins 1
	sees '^client00000: '
	says 'others("BAD")' 'tell("client00000", "GotSecret")'
	sees 'received its secret$'
	sees_no BAD '^stranger'
	quits
}

case_of locale__without_utf8 'without UTF-8 there are other characters'
locale__without_utf8_body() {
	terminal
	fake 15
	says 'add("björn", "/clients/b")'
	LC_ALL=C shows "env LC_ALL=C $monitor"
	sees '^bj?rn: enabled  *\[=*\]$' '^____*.* 1-11 of 16 _$'
	keys / j Enter; is_at b
	quits
}

case_of colours__if_wanted 'colours are an addition'
colours__if_wanted_body() {
	terminal
	fake
	says 'add("bad", LastCheckerStatus=1)' 'add("zzz")'
	escape=$(printf '\033')
	shows "$monitor"
	sees '^bad: A checker'
	keys Down
	screen_is coloured "$escape\\[31m.*bad: A"
	quits
	shows "env NO_COLOR=1 $monitor"
	sees '^bad: A checker'
	keys Down
	screen_is coloured "$escape\\[7m.*zzz: enabled"
	coloured "$escape\\[[0-9;]*3[0-7]m" && atf_fail 'there are colours'
	quits
	term=vt100 shows "$monitor"
	sees '^bad: A checker' '^───*$'
	coloured "$escape\\[[0-9;]*3[0-7]m" && atf_fail 'there are colours'
	quits
}

coloured() {
	screen -e | grep -q "$1"
}

case_of help__by_any_key 'the keys are told, even if the log is hidden'
help__by_any_key_body() {
	begins 1
	sees '^client00000: '
	screen_is coloured "$(printf '\033')\\[1mMandos Monitor version"
	for way in '?' F1 Escape; do
		keys l
		sees_no '^q: Quit'
		keys "$way"
		sees '^q: Quit  ?: Help  l: Log .* Enter: Details$' \
		    '^/: Search  n: Next  N: Previous  o: Order ' \
		    '^+: Enable  -: Disable  a: Approve .* R: Remove$'
	done
	# From the pane as well.
	keys Enter
	sees '^Name '
	keys '?'
	sees_no '^Name '
	sees '^client00000: ' '^+: Enable'
	keys Q
	ends 0
}

case_of terminal__given_back 'however it ends, the terminal is as it was'
terminal__given_back_body() {
	begins 2
	for way in q C-c INT TERM HUP QUIT; do
		tm kill-session -t m
		# shellcheck disable=SC2016	# expanded in the terminal
		tm new-session -d -s m -x 80 -y 24 \
		    'export TERM=screen; stty -a >before; echo in front;
		    '"$monitor"' 2>errors;
		    echo "exit=$?"; stty -a >after; exec cat'
		sees '^client00001: '
		sees_no '^in front'
		case $way in
		q | C-c) keys $way ;;
		*)	kill "-$way" "$(monitor_pid)" ;;
		esac
		sees '^in front$' '^exit=0$'
		wait_for 10 test -s after
		atf_check -s exit:0 -o empty -e empty cmp before after
		rm after
	done
}

case_of terminal__suspended 'it can be stopped, and goes on where it was'
terminal__suspended_body() {
	begins 2
	sees '^client00001: '
	pid=$(monitor_pid)
	keys C-z
	sees_no '^client'
	wait_for 10 grep -q '^State:	T' "/proc/$pid/status"
	kill -CONT "$pid"
	sees '^client00001: '
	keys j; is_at client00001
	quits
}

case_of window__of_any_size 'it fits into every window'
window__of_any_size_body() {
	begins 40
	sees '1-11 of 40 ─$'
	keys v
	says 'add("a very long name, with many words in it, of which there " +
		"is no end, and then it has failed", "/clients/long",
		LastCheckerStatus=1)'
	for size in '1 1' '2 1' '1 2' '2 2' '5 3' '20 2' '10 100' '200 3' \
	    '300 120' '3 4'; do
		# shellcheck disable=SC2086	# two numbers
		set -- $size
		tm resize-window -t m -x "$1" -y "$2"
		keys l j Enter Down Escape / a Enter Tab k PageDown Tab G l g
	done
	tm resize-window -t m -x 80 -y 24
	sees '^a very long name, with many words in it, of .* and then it$' \
	    '^has failed: A checker has failed! Time until .* disabled: 0:0'
	tm resize-window -t m -x 100 -y 50
	sees '^client00021: '
	quits
}

case_of server__of_nonsense 'whatever the server says, it goes on'
server__of_nonsense_body() {
	need dbus-daemon
	terminal
	python=/usr/bin/python3
	"$python" -c 'import dbus, gi' 2>/dev/null ||
	    atf_skip 'python3-dbus or python3-gi is not installed'
	fake_bus
	for seed in 1 2 3; do
		"$python" -B "$sums/monitor_fuzz.py" $seed 1500 >fuzz.out \
		    2>fuzz.err &
		fuzz=$!
		wait_for 20 grep -qx ready fuzz.out
		[ $seed != 1 ] || shows "$monitor"
		round=0
		until grep -qx over fuzz.out; do
			kill -0 $fuzz || fail_with fuzz.err 'no nonsense'
			round=$((round + 1))
			tm resize-window -t m -x $((round * 7 % 120 + 1)) \
			    -y $((round * 5 % 50 + 1))
			keys j Enter C + a Escape o v w / c Enter n Tab k b \
			    Tab f s S d l G Enter Down Down PageDown R Enter
		done
		wait $fuzz || fail_with fuzz.err 'no nonsense'
	done
	tm resize-window -t m -x 80 -y 24
	sees ' no server ─$'
	quits
}

atf_init_test_cases() {
	atf_add_test_case usage__all
	atf_add_test_case rows__of_all_states
	atf_add_test_case events__all
	atf_add_test_case orders__all
	atf_add_test_case cursor__moves
	atf_add_test_case search__by_letters
	atf_add_test_case order__each
	atf_add_test_case detail__all
	atf_add_test_case log__scrolls
	atf_add_test_case text__hostile
	atf_add_test_case server__comes_and_goes
	atf_add_test_case bus__comes_and_goes
	atf_add_test_case server__does_not_list
	atf_add_test_case stranger__is_ignored
	atf_add_test_case locale__without_utf8
	atf_add_test_case colours__if_wanted
	atf_add_test_case help__by_any_key
	atf_add_test_case terminal__given_back
	atf_add_test_case terminal__suspended
	atf_add_test_case window__of_any_size
	atf_add_test_case server__of_nonsense
}
