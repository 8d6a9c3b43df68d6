# SPDX-License-Identifier: ISC
# Whole servers that are killed, all processes at once, in the middle of what
# an administrator has ordered, and one whose disk is full: what was said to
# be done is done, and nobody who was disabled is enabled.

. "$(atf_get_srcdir)/../lib.sh"
. "$top_srcdir/regress/integ/control.sh"

rounds=16

# struck WORD...: have an administrator do that, kill everything ${delay}
# microseconds later, and start the server again.  Whether the order had been
# said to be done by then is told; the next one is struck at another moment,
# around the one when it is done.
struck() {
	rm -f struck
	struck_all=$(host_pids server)
	{
		status=0
		"$helpers/admin" "$@" >/dev/null 2>&1 || status=$?
		echo "$status" >struck
	} &
	struck_pid=$!
	sleep "$(printf 0.%06d "$delay")"
	# shellcheck disable=SC2086	# several processes
	kill -KILL $struck_all
	wait "$struck_pid"
	wait "$(cat server.pid)" || :
	wait_for 5 host_is_idle server
	lives
	orders=$((orders + 1))
	if [ "$(cat struck)" = 0 ]; then
		told=$((told + 1))
		delay=$((delay * 3 / 4))
		return 0
	fi
	delay=$((delay * 5 / 4 + 100))
	return 1
}

case_of kill__during_a_change 'what was done lasts, and the rest is as it was'
kill__during_a_change_body() {
	home
	round=0
	while [ $round -lt $rounds ]; do
		client "off$round"
		client "set$round"
		client "gone$round"
		round=$((round + 1))
	done
	lives
	orders=0
	told=0
	delay=0
	round=0
	while [ $round -lt $rounds ]; do
		if struck disable "off$round"; then
			holds "off$round" enabled no
		fi
		# Not killed: an order that all others rest on.
		admin disable "off$round"
		# All of an order or nothing.
		if struck set "set$round" timeout 77000 secret new ||
		    is "set$round" timeout 77000; then
			holds "set$round" timeout 77000
			gets new "set$round"
		else
			holds "set$round" timeout 300000
			gets "set$round" "set$round"
		fi
		if struck remove "gone$round"; then
			gets '' "gone$round"
		fi
		round=$((round + 1))
	done
	echo "$told of $orders orders were done before the end"
	round=0
	while [ $round -lt $rounds ]; do
		holds "off$round" enabled no
		gets '' "off$round"
		holds "set$round" enabled yes
		round=$((round + 1))
	done
	gets good good
	server_stop server
}

# in_disk COMMAND...: run it where the state directory is a small disk.
in_disk() {
	nsenter --target "$(cat disk.pid)" --mount "$@"
}

disk_is_there() {
	in_disk mountpoint -q "$PWD/state"
}

case_of full_disk__decides_all_the_same 'disabled, saved or not, and then saved'
full_disk__decides_all_the_same_body() {
	home
	client foo
	client bar
	# shellcheck disable=SC2016	# expanded there
	unshare --mount --propagation private sh -c '
		mount -t tmpfs -o size=64k,mode=700 disk "$1/state" &&
		exec sleep 3600' sh "$PWD" &
	echo $! >disk.pid
	wait_for 5 disk_is_there
	server_under="nsenter --target $(cat disk.pid) --mount"
	lives
	# dd says that the disk is full, and that is what it is for.
	in_disk dd if=/dev/zero of="$PWD/state/filler" bs=4k status=none \
	    2>dd.err && atf_fail 'the disk has room'
	atf_check -s exit:1 -o empty -e match:'No space left on device' \
	    "$helpers/admin" disable foo
	holds foo enabled no
	gets '' foo
	gets bar bar
	logs '^<3>mandos-state: state is not saved: .*No space left'
	# It is tried again, without anybody's doing.
	in_disk rm "$PWD/state/filler"
	wait_for 15 grep -q '^<4>mandos-state: state is saved again' server.log
	dies
	lives
	holds foo enabled no
	gets '' foo
	gets bar bar
	server_stop server
}

atf_init_test_cases() {
	atf_add_test_case kill__during_a_change
	atf_add_test_case full_disk__decides_all_the_same
}
