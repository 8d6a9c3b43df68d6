# SPDX-License-Identifier: ISC
# The plugins that ask on boot screens and by a pipe, beside the original's
# where those can be had.

. "$(atf_get_srcdir)/../lib.sh"

ours=$top_builddir/client/plugins
theirs=$(echo /usr/lib/*/mandos/plugins.d)
fake=$top_builddir/regress/client/screen_fake

# case_of NAME DESCRIPTION [USER]: declare a test case.
case_of() {
	atf_test_case "$1"
	eval "$1_head() {
		atf_set descr \"$2\"
		[ -z '${3-}' ] || atf_set require.user '${3-}'
	}"
}

# both: the programs to compare, ours first.
both() {
	echo "$ours/$1"
	if [ -x "$theirs/$1" ]; then
		echo "$theirs/$1"
	fi
}

# Boot screens, in directories of our own: ./there COMMAND runs a command
# where $fake has the name of each program named here, and ./nobody COMMAND
# does so as a user without power.
screens() {
	need nsenter unshare
	[ -h /sbin ] || atf_skip '/sbin is not a link to /usr/sbin'
	chmod 755 .
	mkdir -p run dev/.initramfs lib up layers
	# In memory, as the file system here may be an overlay itself.
	unshare --mount sh -ec '
	mount -t tmpfs tmpfs layers
	mkdir layers/up layers/work
	mount -t overlay -o lowerdir=/usr/sbin -o \
	    upperdir=layers/up,workdir=layers/work overlay /usr/sbin
	' || atf_skip 'there are no overlays'
	chmod 777 run dev/.initramfs
	: >run/calls
	chmod 666 run/calls
	for name; do
		mkdir -p "up/${name%/*}"
		cp "$fake" "up/$name"
	done
	cat >mounts <<-'END'
		mount -t tmpfs -o mode=755 tmpfs layers
		cp -R up layers/up
		mkdir layers/work
		for dir in bin sbin; do
			[ -d "up/$dir" ] || continue
			mkdir "layers/work/$dir"
			mount -t overlay -o "lowerdir=/usr/$dir" -o \
			    "upperdir=layers/up/$dir,workdir=layers/work/$dir" \
			    overlay "/usr/$dir"
		done
		[ ! -d /lib/cryptsetup ] || mount --bind lib /lib/cryptsetup
		for name in full null zero random urandom; do
			: >dev/$name
			mount --bind /dev/$name dev/$name
		done
		mount --rbind dev /dev
		mount --bind run /run
		: >ready
		exec sleep 3600
	END
	unshare --mount sh -e mounts &
	holder=$!
	wait_for 10 test -e ready
	cat >there <<-END
		#! /bin/sh
		exec nsenter --target $holder --mount --wd="\$PWD" "\$@"
	END
	cat >nobody <<-'END'
		#! /bin/sh
		exec ./there setpriv --reuid 65534 --regid 65534 \
		    --clear-groups "$@"
	END
	chmod +x there nobody
}

# installed NAME: our plugin as it is installed, set-uid root, where the user
# who runs it gets; print its name.
installed() {
	mkdir -p set
	cp "$ours/$1" "set/$1"
	chmod 4755 "set/$1"
	echo "$PWD/set/$1"
}

# daemon_there NAME ARGUMENT...: start a daemon of a screen, as root.
daemon_there() {
	daemon=/usr/sbin/$1
	shift
	./there "$daemon" "$@" &
	wait_for 10 test -s run/daemon
	mv run/daemon run/first
	: >run/calls
}

# called EXPECTED: hold what was called since the last time.
called() {
	sed 's/ uid .*//' run/calls >made
	: >run/calls
	atf_check -s exit:0 -o "$1" -e empty cat made
}

# gone PID
gone() {
	! kill -0 "$1" 2>/dev/null
}

# end_screens: for the cleanup: daemons have a session of their own.
end_screens() {
	for file in run/first run/daemon; do
		[ -s "$file" ] || continue
		pid=$(cat "$file")
		case $(readlink "/proc/$pid/exe") in
		*/usr/sbin/*) kill -KILL "$pid" ;;
		esac
	done
}

atf_test_case plymouth__asks cleanup
plymouth__asks_head() {
	atf_set descr 'Plymouth is asked, and prints the password itself'
	atf_set require.user root
}
plymouth__asks_body() {
	screens bin/plymouth sbin/plymouthd
	plugin=$(installed plymouth)
	printf 'sec\nret' >run/answer
	# Not without Plymouth.
	atf_check -s exit:69 -o empty -e empty ./nobody "$plugin"
	called inline:'plymouth <--ping>\n'
	: >run/up
	atf_check -s exit:0 -o inline:'sec\nret' -e empty \
	    ./nobody env -u CRYPTTAB_SOURCE "$plugin"
	atf_check -s exit:0 -e empty -o \
	    match:'^Enter pass.* uid 65534/0 gid 65534/65534 groups 0 .* PATH=' \
	    cat run/calls
	called inline:'plymouth <--ping>
plymouth <ask-for-password> <--prompt=Unlocking the disk
Enter passphrase>\n'
	atf_check -s exit:0 -o inline:'sec\nret' -e empty ./nobody env \
	    CRYPTTAB_SOURCE=/dev/x CRYPTTAB_NAME=y cryptsource=/dev/o \
	    "$plugin" --debug
	called match:'<--prompt=Unlocking the disk /dev/x \(y\)$'
	for program in $plugin "$(both plymouth | sed 1d)"; do
		[ -n "$program" ] || continue
		atf_check -s exit:0 -o inline:'sec\nret' -e empty \
		    ./nobody "$program" --prompt=Open
		called inline:'plymouth <--ping>
plymouth <ask-for-password> <--prompt=Open>\n'
	done
	atf_check -s exit:64 -o empty -e match:'Too many arguments' \
	    "$plugin" x
	atf_check -s exit:0 -o match:'^plymouth [0-9]' -e empty "$plugin" -V
	atf_check -s exit:69 -o empty -e empty "$plugin"
}
plymouth__asks_cleanup() {
	end_screens
}

# told_to_end PLUGIN SIGNAL TEXT: start it, with a umask and a descriptor that
# are not for root, and tell it to end when TEXT has been called; its status is
# in $status.
told_to_end() {
	(umask 0; exec ./nobody env --default-signal=INT "$1" >out 2>err \
	    3</dev/null) &
	pid=$!
	wait_for 10 grep -q "$3" run/calls
	kill "-$2" "$pid"
	status=0
	wait "$pid" || status=$?
}

atf_test_case plymouth__restarts cleanup
plymouth__restarts_head() {
	atf_set descr 'told to end, it starts Plymouth anew, as it was'
	atf_set require.user root
}
plymouth__restarts_body() {
	screens bin/plymouth sbin/plymouthd
	plugin=$(installed plymouth)
	: >run/up
	for signal in TERM INT HUP; do
		daemon_there plymouthd --mode=boot --tty=x
		mkdir -p run/plymouth
		cp run/first run/plymouth/pid
		told_to_end "$plugin" $signal ask-for-password
		atf_check_equal 1 "$status"
		atf_check -s exit:0 -o empty -e empty cat out
		atf_check -s exit:0 -o empty -e empty cat err
		wait_for 10 test -s run/daemon
		sed -n '/^plymouth <quit>/,$p' run/calls | sort >after
		sed 's/ uid .*//' after | uniq >short
		atf_check -s exit:0 -e empty -o inline:'plymouth <--ping>
plymouth <quit>\nplymouth <show-splash>
plymouthd <--mode=boot> <--tty=x>\n' cat short
		atf_check -s exit:0 -e empty -o match:'uid 0/0 gid 0/0 groups 0 leader cwd / umask 022 fd 3 env PATH=' \
		    grep '^plymouthd' after
		kill -KILL "$(cat run/first)" "$(cat run/daemon)"
		rm -r run/daemon run/first run/plymouth
	done
}
plymouth__restarts_cleanup() {
	end_screens
}

atf_test_case plymouth__believes_no_number cleanup
plymouth__believes_no_number_head() {
	atf_set descr 'a pid file that is out of date is not believed'
	atf_set require.user root
}
plymouth__believes_no_number_body() {
	screens bin/plymouth sbin/plymouthd
	plugin=$(installed plymouth)
	: >run/up
	mkdir -p run/plymouth
	sleep 300 &
	other=$!
	for told in $other 999999999 -1 0 x ''; do
		: >run/calls
		echo "$told" >run/plymouth/pid
		told_to_end "$plugin" TERM ask-for-password
		wait_for 10 test -s run/daemon
		atf_check -s exit:0 -o empty -e empty cat out
		atf_check -s exit:0 -o match:'plymouthd pid not found' \
		    -e empty cat err
		atf_check -s exit:0 -e empty -o ignore \
		    grep '^plymouthd <--mode=boot> <--attach-to-session> uid' \
		    run/calls
		kill -KILL "$(cat run/daemon)"
		rm run/daemon
	done
	kill "$other" || atf_fail 'another process was ended'
	# One that runs is found without its number.
	daemon_there plymouthd --other
	rm -r run/plymouth
	told_to_end "$plugin" TERM ask-for-password
	wait_for 10 test -s run/daemon
	atf_check -s exit:0 -o empty -e empty cat err
	atf_check -s exit:0 -o ignore -e empty grep '^plymouthd <--other> uid' \
	    run/calls
}
plymouth__believes_no_number_cleanup() {
	end_screens
}

atf_test_case splashy__asks cleanup
splashy__asks_head() {
	atf_set descr 'Splashy is asked, and is started anew by signals'
	atf_set require.user root
}
splashy__asks_body() {
	screens sbin/splashy sbin/splashy_update
	plugin=$(installed splashy)
	atf_check -s exit:69 -o empty -e empty ./nobody "$plugin"
	daemon_there splashy boot
	printf secret >run/answer
	atf_check -s exit:0 -o inline:secret -e empty ./nobody \
	    env cryptsource=/dev/x CRYPTTAB_NAME=y "$plugin" ignored
	called inline:'splashy_update <getpass Enter passphrase to unlock the disk /dev/x (y): >\n'
	rm run/answer
	: >run/calls
	told_to_end "$plugin" TERM getpass
	atf_check_equal 143 "$status"
	wait_for 10 test -s run/daemon
	wait_for 10 gone "$(cat run/first)"
	atf_check -s exit:0 -o match:'uid 0/0 gid 0/0 groups 0 leader cwd /' \
	    -e empty grep '^splashy <boot>' run/calls
	atf_check -s exit:1 -o empty -e empty pgrep -x splashy_update
}
splashy__asks_cleanup() {
	end_screens
}

atf_test_case usplash__asks cleanup
usplash__asks_head() {
	atf_set descr 'usplash is asked, and is started anew by signals and errors'
	atf_set require.user root
}
usplash__asks_body() {
	screens sbin/usplash
	plugin=$(installed usplash)
	atf_check -s exit:69 -o empty -e empty ./nobody "$plugin"
	daemon_there usplash -c -x
	mkfifo dev/.initramfs/usplash_fifo dev/.initramfs/usplash_outfifo
	# Read commands until it has asked, answer, and read the last one.
	sh -c 'exec 3<>dev/.initramfs/usplash_fifo
	    : >commands
	    for last in INPUTQUIET "TIMEOUT 15"; do
		until grep -aq "$last" commands; do
			dd bs=256 count=1 <&3 2>/dev/null >>commands; done
		[ "$last" != INPUTQUIET ] ||
		    printf "sec\nret" >dev/.initramfs/usplash_outfifo
	    done' &
	reader=$!
	atf_check -s exit:0 -o inline:'sec\nret' -e empty ./nobody \
	    env CRYPTTAB_SOURCE=/dev/x crypttarget=y "$plugin"
	wait_for 10 gone $reader
	atf_check -s exit:0 -e empty -o inline:'TIMEOUT 0
INPUTQUIET Enter passphrase to unlock the disk /dev/x (y): \nTIMEOUT 15
' tr '\0' '\n' <commands

	# It waits, for a reader, then for the answer.
	: >run/calls
	for what in reader answer; do
		if [ $what = answer ]; then
			: >commands
			cat <>dev/.initramfs/usplash_fifo >commands &
		fi
		./nobody "$plugin" >out 2>err &
		pid=$!
		if [ $what = answer ]; then
			wait_for 10 grep -aq INPUTQUIET commands
		else
			wait_for 10 hears_term $pid
		fi
		kill -TERM $pid
		status=0
		wait $pid || status=$?
		atf_check_equal 143 $status
		wait_for 10 gone "$(cat run/first)"
		wait_for 10 test -s run/daemon
		mv run/daemon run/first
	done
	atf_check -s exit:0 -o match:'^usplash <-c> <-x> uid 0/0 gid 0/0 groups 0 leader cwd / ' \
	    -e empty cat run/calls

	rm dev/.initramfs/usplash_fifo
	atf_check -s exit:71 -o empty -e match:'usplash_write: ' ./nobody "$plugin"
	wait_for 10 gone "$(cat run/first)"
	wait_for 10 test -s run/daemon
}
usplash__asks_cleanup() {
	end_screens
}

# hears_term PID: it has blocked SIGTERM, and hears of it when it waits.
hears_term() {
	grep -q '^SigBlk:.*[4567c-f]...$' "/proc/$1/status"
}

case_of fifo__prints 'what is written to the pipe is printed' root
fifo__prints_body() {
	[ -d /lib/cryptsetup ] || atf_skip 'there is no /lib/cryptsetup'
	screens sbin/none
	for program in "$(installed askpass-fifo)" \
	    $(both askpass-fifo | sed 1d); do
		rm -f lib/passfifo
		./there "$program" ignored >out 2>err &
		pid=$!
		wait_for 10 test -p lib/passfifo
		atf_check -s exit:0 -o inline:'prw-------\n' -e empty \
		    stat -c %A lib/passfifo
		printf 'a\0b\n' >lib/passfifo
		wait $pid || atf_fail "$program failed"
		atf_check -s exit:0 -o inline:'a\0b\n' -e empty cat out
		atf_check -s exit:0 -o empty -e empty cat err
		# It stays, and is used again.
		./there "$program" >out 2>err &
		pid=$!
		printf again >lib/passfifo
		wait $pid || atf_fail "$program failed"
		atf_check -s exit:0 -o inline:again -e empty cat out
	done
	# Root's power is gone while it reads.
	plugin=$PWD/set/askpass-fifo
	rm lib/passfifo
	./nobody "$plugin" >out &
	pid=$!
	wait_for 10 test -p lib/passfifo
	exec 9>lib/passfifo
	wait_for 10 grep -q '^CapPrm:	0*$' /proc/$pid/status
	atf_check -s exit:0 -o match:'Uid:.65534.65534.65534.65534' \
	    -o match:'Gid:.65534.65534.65534.65534' \
	    -o match:'^Groups:[[:space:]]*$' -e empty cat /proc/$pid/status
	exec 9>&-
	wait $pid || atf_fail 'it failed'
}

case_of fifo__fails 'what goes wrong has a status of its own' root
fifo__fails_body() {
	[ -d /lib/cryptsetup ] || atf_skip 'there is no /lib/cryptsetup'
	screens sbin/none
	plugin=$(installed askpass-fifo)
	echo here >lib/passfifo
	atf_check -s exit:0 -o inline:'here\n' -e empty ./there "$plugin"
	atf_check -s exit:74 -o empty -e match:'standard output' \
	    ./there sh -c 'exec "$@" >/dev/full' - "$plugin"
	rm lib/passfifo
	# Without the set-uid bit it may not make the pipe.
	cp "$plugin" plain
	chmod 755 plain
	atf_check -s exit:72 -o empty -e match:'mkfifo: ' ./nobody ./plain
}

atf_init_test_cases() {
	atf_add_test_case plymouth__asks
	atf_add_test_case plymouth__restarts
	atf_add_test_case plymouth__believes_no_number
	atf_add_test_case splashy__asks
	atf_add_test_case usplash__asks
	atf_add_test_case fifo__prints
	atf_add_test_case fifo__fails
}
