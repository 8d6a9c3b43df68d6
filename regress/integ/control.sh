# SPDX-License-Identifier: ISC
# What the tests of a client's life share; such a test begins with
#	. "$(atf_get_srcdir)/../lib.sh"
#	. "$top_srcdir/regress/integ/control.sh"
# The server has helpers/control in place of its busd: "admin" gives orders,
# and control.log has all that the monitor tells, one line each, which begins
# with milliseconds since the machine was started.
# shellcheck shell=sh disable=SC2034,SC2154

helpers=$top_builddir/regress/helpers
bin=$top_builddir/regress/control

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
		atf_set timeout 120
		atf_set require.user root
	}"
}

# --- the server

# home [LINE...]: a house whose clients have a life.  The client "good" is
# checked all the time and is well; any other is checked by order only, or as
# the lines for all of them say.
home() {
	house
	# For checkers.
	chmod 755 .
	mkdir -m 700 state
	{
		echo 'interval = PT1S'
		echo 'timeout = PT1H'
		echo '[DEFAULT]'
		echo 'interval = P7D'
		echo 'checker = :'
		printf '%s\n' "$@"
	} >>etc/clients.conf
}

# client NAME [LINE...]: one more client, whose secret is its name.
client() {
	key "$1"
	section "$@"
}

# lives [OPTION...]: start the server; it keeps its state in ./state.
lives() {
	MANDOS_CONTROL=$PWD/control
	export MANDOS_CONTROL
	rm -f control.log
	# shellcheck disable=SC2086	# several words
	server_run server $server_under "$bin/mandos" --foreground \
	    --no-zeroconf --port "$port" --configdir "$PWD/etc" \
	    --statedir "$PWD/state" --debuglevel DEBUG "$@"
	wait_for $((10 * slower)) settled
}

# settled: nothing is set, and that is saved, after all that the server has
# to save and to tell when it begins.
settled() {
	"$helpers/admin" set good
}

# dies: kill the server, all of it, with no time for anything.
dies() {
	# shellcheck disable=SC2046	# several numbers
	kill -KILL $(host_pids server)
	wait "$(cat server.pid)" || :
	wait_for 5 host_is_idle server
}

# --- what an administrator does and sees

# admin WORD...: have an administrator do that, and hold that it is done.
admin() {
	atf_check -s exit:0 -o empty -e empty "$helpers/admin" "$@"
}

# admin_fails REASON WORD...: hold that it is refused.
admin_fails() {
	admin_reason=$1
	shift
	atf_check -s exit:1 -o empty -e inline:"admin: $admin_reason\n" \
	    "$helpers/admin" "$@"
}

# value NAME FIELD: print it.
value() {
	"$helpers/admin" show "$1" "$2"
}

# is NAME FIELD VALUE: is it?
is() {
	[ "$(value "$1" "$2")" = "$3" ]
}

# holds NAME FIELD VALUE...: hold that the fields of this client are so.
holds() {
	holds_name=$1
	shift
	while [ $# -gt 0 ]; do
		is "$holds_name" "$1" "$2" ||
		    atf_fail "$1 of $holds_name is $(value \
		    "$holds_name" "$1"), not $2"
		shift 2
	done
}

# becomes SECONDS NAME FIELD VALUE: hold that it soon is so.
becomes() {
	becomes_s=$(($1 * slower))
	shift
	wait_for "$becomes_s" is "$@"
}

# between LEAST VALUE MOST WHAT: hold that it is.
between() {
	[ "$1" -le "$2" ] && [ "$2" -le "$3" ] ||
	    atf_fail "$4 is $2, not from $1 to $3"
}

# lasts MS TOOK WHAT: hold that it took so long, as far as can be seen on a
# machine that is busy: what was seen late makes the next seem early.
lasts() {
	between $(($1 - 400 * slower)) "$2" $((($1 + 1000) * slower)) "$3"
}

# --- times

# now_us: the wall clock, in microseconds since 1970; since_boot: milliseconds
# as in control.log.
now_us() {
	date +%s%6N
}

since_boot() {
	read -r boot_s boot_rest </proc/uptime
	echo "${boot_s%.*}${boot_s#*.}0"
}

# expires_in NAME SECONDS [TOLERANCE-MS]: hold that so much is left.
expires_in() {
	expires_left=$((($(value "$1" expires) - $(now_us)) / 1000))
	between $(($2 * 1000 - ${3:-1000} * slower)) "$expires_left" \
	    $(($2 * 1000 + ${3:-100})) "the time left to $1, in ms,"
}

# --- what the monitor has told

# told REGEX: lines of control.log, without their times, that are like this.
told() {
	sed 's/^[0-9]* //' control.log | grep -e "$1"
}

# told_at REGEX: the times of such lines, in order.
told_at() {
	sed -n "s/^\\([0-9]*\\) $1.*/\\1/p" control.log
}

# count REGEX: how many lines.
count() {
	told "$1" | wc -l
}

# tells REGEX: hold that it does, and soon.
tells() {
	wait_for $((5 * slower)) told "$1"
}

# never_told REGEX: hold that it has not.
never_told() {
	atf_check -s exit:1 -o empty -e empty grep -e "^[0-9]* $1" control.log
}

# counts REGEX COUNT: are there so many at least?
counts() {
	[ "$(count "$1")" -ge "$2" ]
}

# ticks COUNT: wait for so many more checks of the client "good", which has
# one every second.
ticks() {
	wait_for $((($1 + 5) * slower)) counts '^event good checker-completed' \
	    $(($(count '^event good checker-completed') + $1))
}

# --- clients that have to wait

# asks_apart ID NAME [OPTION...]: this client asks, and need not be answered
# yet.  It does so as ID, which is a name of our own.
asks_apart() {
	apart=$1
	apart_name=$2
	shift 2
	./at_server "$fetcher" -k "$apart_name.key" -u "$apart_name.pub" \
	    -p "$port" -t 60000 "$@" >"$apart.out" 2>"$apart.err" &
	echo $! >"$apart.pid"
}

# waits ID NAME [OPTION...]: the same, and hold that it has to.
waits() {
	waits_name=$2
	waits_count=$(count "^event $waits_name need-approval")
	asks_apart "$@"
	wait_for $((5 * slower)) counts "^event $waits_name need-approval" \
	    $((waits_count + 1))
}

# answered ID SECRET: hold that this is what it gets, within some seconds.
answered() {
	wait_for $((10 * slower)) has_ended "$(cat "$1.pid")"
	wait "$(cat "$1.pid")" || atf_fail "$1: $(cat "$1.err")"
	atf_check -s exit:0 -o inline:"$2" -e empty cat "$1.out"
}

# has_ended PID: a child of ours has.
has_ended() {
	! kill -0 "$1" || grep -q '^State:	Z' "/proc/$1/status"
}
