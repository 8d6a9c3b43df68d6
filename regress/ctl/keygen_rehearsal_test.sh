# SPDX-License-Identifier: ISC
# mandos-keygen --test: is its answer right, where a host would boot and where
# it would not, and does it leave everything as it was?  Images are made as
# initramfs-tools and dracut make them; the server is ours, clients are ours
# and Debian's.

. "$(atf_get_srcdir)/../lib.sh"
. "$top_srcdir/regress/ctl/keygen.sh"

password='disk password '
mandos_client=$top_builddir/client/mandos-client
debian_client=$(echo /usr/lib/*/mandos/plugins.d/mandos-client)

case_of() {
	atf_test_case "$1"
	eval "$1_head() {
		atf_set descr \"$2\"
		atf_set timeout 120
		atf_set require.user root
	}"
}

# tree DIR KEYS: what a boot image has, in the manner of initramfs-tools, with
# the keys in KEYS.
tree() {
	mkdir -p "$1/conf/conf.d/mandos" "$1/usr/bin" \
	    "$1/usr/lib/mandos/plugins.d" "$1/cryptroot"
	ln -s usr/lib "$1/lib"
	ln -s usr/bin "$1/bin"
	for tree_file in usr/lib/mandos/plugin-runner usr/bin/gpg \
	    usr/bin/gpg-agent usr/lib/mandos/plugins.d/mandos-client; do
		echo program >"$1/$tree_file"
		chmod 755 "$1/$tree_file"
	done
	echo 'root UUID=x none luks' >"$1/cryptroot/crypttab"
	printf '# comment\n--userid=1234\n--groupid=1234\n' \
	    >"$1/conf/conf.d/mandos/plugin-runner.conf"
	cp "$2"/*.txt "$2"/*.pem "$1/conf/conf.d/mandos/"
	chown 1234:1234 "$1/conf/conf.d/mandos"/*.txt \
	    "$1/conf/conf.d/mandos"/*.pem
}

# pack DIR IMAGE [COMPRESSOR...]: make an image of a tree.
pack() {
	pack_dir=$1
	pack_image=$2
	shift 2
	[ $# -gt 0 ] || set -- gzip -1
	need cpio "$1"
	(cd "$pack_dir" && find . | cpio --quiet -o -H newc) >archive
	"$@" <archive >"$pack_image"
	chmod 640 "$pack_image"
}

# place: a host with a server that knows the clients good, disabled, waiting
# (for approval), foreign (whose secret is for another OpenPGP key) and empty.
# The program ./rehearse runs mandos-keygen --test there, with a directory /run
# of its own, and holds that it leaves that, the interfaces and the processes
# as they were.
place() {
	[ -x "$debian_client" ] || atf_skip 'mandos-client is not installed'
	host_new server
	mkdir -m 700 etc
	echo '[DEFAULT]' >etc/mandos.conf
	printf '[DEFAULT]\nchecker = :\n' >etc/clients.conf
	printf %s "$password" >pass
	: >nothing
	for name in good disabled waiting foreign empty unknown; do
		keys $name --name $name
	done
	cp -a foreign theirs
	cp good/*.txt theirs/
	for name in good disabled waiting theirs; do
		"$keygen" -d $name -n $name -S -F pass >>etc/clients.conf
		case $name in
		disabled) echo 'enabled = no' >>etc/clients.conf ;;
		waiting)
			echo 'approval_delay = PT5S' >>etc/clients.conf
			echo 'approved_by_default = no' >>etc/clients.conf ;;
		esac
	done
	"$keygen" -d empty -n empty -S -F nothing >>etc/clients.conf \
	    2>/dev/null
	: >cmdline
	rehearsal server --connect "[::1]:$port"
	server_start server "$PWD/etc"
}

# rehearsal HOST OPTION...: make the program ./rehearse for this host.
rehearsal() {
	rehearsal_host=$1
	shift
	cat >rehearse <<-END
		#! /bin/sh
		exec ./at_$rehearsal_host unshare --mount sh -c '
		mount -t tmpfs -o mode=755 tmpfs /run
		mkdir -m 1777 /run/tmp
		ip -o address >before
		"\$@" &
		echo \$! >pid
		status=0
		wait \$! || status=\$?
		ip -o address | diff before - || exit 99
		(cd /run && find . -mindepth 2) >left
		[ ! -s left ] || exit 98
		exit \$status' rehearse "$keygen" --test --dir nowhere \\
		    --client "$mandos_client" --cmdline cmdline \\
		    $* "\$@"
	END
	chmod +x rehearse
}

# boots [OPTION...]: it would boot, without complaint, with either client.
boots() {
	for boots_client in "$mandos_client" "$debian_client"; do
		atf_check -s exit:0 -o inline:'would boot\n' -e empty \
		    ./rehearse "$@" --client "$boots_client"
		nothing_left
	done
}

# fails REASON [OPTION...]: it would not boot, for this reason and no other.
fails() {
	fails_reason=$1
	shift
	atf_check -s exit:1 -o save:answer -e empty \
	    ./rehearse --timeout 1 "$@"
	atf_check -s exit:0 -e empty \
	    -o match:"^would not boot, because .*$fails_reason" cat answer
	[ "$(wc -l <answer)" -eq 1 ] || fail_with answer 'several reasons'
	nothing_left
}

# luks FILE PASSWORD: an encrypted device.
luks() {
	need cryptsetup
	truncate -s 20M "$1"
	printf %s "$2" | cryptsetup luksFormat --batch-mode --type luks2 \
	    --pbkdf pbkdf2 --pbkdf-force-iterations 1000 "$1" - 2>luks.err ||
	    fail_with luks.err 'cryptsetup makes no LUKS device'
}

case_of boots__images 'images of every kind would boot'
boots__images_body() {
	place
	tree t good
	for compressor in cat gzip bzip2 xz zstd lz4 'lz4 -l' lzma; do
		# shellcheck disable=SC2086	# several words
		command -v ${compressor%% *} >/dev/null || continue
		# shellcheck disable=SC2086
		pack t image $compressor
		boots --image image
	done
	# Firmware of processors comes first, in an archive that ends with
	# zeros.
	mkdir -p early/kernel/x86/microcode
	head -c 5000 /dev/urandom >early/kernel/x86/microcode/x.bin
	(cd early && find . | cpio --quiet -o -H newc) >first
	for compressor in cat zstd; do
		pack t second $compressor
		cat first second >image
		boots --image image
	done
	# dracut, with systemd.
	mkdir -p d/etc/mandos/keys d/usr/lib/mandos d/usr/bin
	cp good/*.txt good/*.pem d/etc/mandos/keys
	for file in mandos-client password-agent; do
		cp t/usr/bin/gpg d/usr/lib/mandos/$file
	done
	cp t/usr/bin/gpg t/usr/bin/gpg-agent d/usr/bin/
	pack d image zstd
	boots --image image
	server_stop server
}

case_of boots__device 'the password is tried on the device'
boots__device_body() {
	place
	luks right "$password"
	luks wrong other
	boots --dir good
	boots --dir good --device right
	fails 'the password does not open wrong' --dir good --device wrong \
	    --timeout 30
	# As a device, not as a file: where there is none, that is a fault of
	# the question.
	atf_check -s exit:2 -o empty -e match:'nowhere: No such file' \
	    ./rehearse --dir good --device nowhere
	atf_check -s exit:2 -o empty -e match:'could not be tried: cryptsetup' \
	    ./rehearse --dir good --device pass
	nothing_left
	server_stop server
}

case_of boots__configured 'servers named for the boot are those asked'
boots__configured_body() {
	place
	tree t good
	rehearsal server
	pack t image
	echo "quiet mandos=connect:[::1]:$port ip=::::x:lo" >cmdline
	boots --image image
	: >cmdline
	echo "-o mandos-client:--retry=5,--connect=[::1]:$port" \
	    >>t/conf/conf.d/mandos/plugin-runner.conf
	pack t image
	boots --image image
	# The kernel's word counts more, and a command line's most.
	echo 'mandos=connect:[::1]:9' >cmdline
	fails 'there is no server at \[::1\]:9: Connection refused' \
	    --image image
	boots --image image --connect "[::1]:$port"
	server_stop server
}

case_of fails__image 'what is missing in an image is named'
fails__image_body() {
	place
	: >empty_file
	chmod 600 empty_file
	fails 'the image empty_file is damaged, or none: ' --image empty_file
	tree t good
	pack t image
	head -c 300 image >half
	chmod 640 half
	fails 'the image half is damaged, or none: ' --image half
	head -c 1000 archive >half
	fails 'the image half is damaged, or none: it ends too early' \
	    --image half
	mkdir bare
	echo >bare/init
	pack bare image
	fails 'there is nothing of Mandos in the image image' --image image
	k=conf/conf.d/mandos
	for change in "there are no keys in the image@rm t/$k/*.txt t/$k/*.pem" \
	    "there is no seckey.txt in the image@rm t/$k/seckey.txt" \
	    'there is no mandos-client in the@rm t/lib/mandos/plugins.d/*' \
	    'there is no plugin-runner in the@rm t/lib/mandos/plugin-runner' \
	    'there is no gpg in the image@rm t/bin/gpg' \
	    'there is no gpg-agent in the image@rm t/bin/gpg-agent' \
	    'mandos-client in the image has mode 0644: it is no program@chmod 644 t/lib/mandos/plugins.d/mandos-client' \
	    "tls-privkey.pem in the image belongs to user 0 and has mode 0600: user 1234, as whom@chown 0:0 t/$k/tls-privkey.pem" \
	    "seckey.txt in the image belongs to user 7 and has@chown 7:7 t/$k/seckey.txt" \
	    "plugin-runner.conf in the image disables mandos-client@echo --disable=mandos-client >>t/$k/plugin-runner.conf" \
	    "the private and the public TLS key do not belong@cp unknown/tls-privkey.pem t/$k/" \
	    "the private TLS key is none, or damaged@echo >t/$k/tls-privkey.pem" \
	    "the public TLS key is none, or damaged@echo >t/$k/tls-pubkey.pem" \
	    "the secret and the public OpenPGP key do not belong@cp unknown/pubkey.txt t/$k/" \
	    "the secret OpenPGP key is none, or damaged@echo >t/$k/seckey.txt" \
	    "seckey.txt is not a secret OpenPGP key@cp good/pubkey.txt t/$k/seckey.txt"
	do
		rm -rf t
		tree t good
		sh -c "${change#*@}"
		pack t image
		fails "${change%@*}" --image image
	done
	# root's OpenPGP keys are taken over by mandos-client.
	rm -rf t
	tree t good
	chown 0:0 t/$k/*.txt
	pack t image
	boots --image image
	echo 'mandos=off quiet' >cmdline
	fails 'the kernel is told mandos=off' --image image
	: >cmdline
	chmod 644 image
	atf_check -s exit:1 -e empty -o inline:'would boot, but must not, '\
'because the image image can be read by everybody (mode 0644), and so can '\
'the keys in it\n' ./rehearse --image image
	server_stop server
}

case_of fails__server 'why a server gives no password is told'
fails__server_body() {
	place
	fails 'the server at \[::1\]:4711 has nothing for this client' \
	    --dir disabled
	fails "does not know its key_id, $(key_id unknown)" --dir unknown
	fails "from the server at .*4711 cannot be opened: it is for another $(
	    )OpenPGP key" --dir foreign
	# Nobody is there to type a passphrase.
	mkdir -m 700 home
	gpg --homedir home --batch --quiet --import good/seckey.txt
	fingerprint=$(gpg --homedir home --with-colons --list-keys |
	    awk -F: '/^fpr/ { print $10; exit }')
	cp -a good locked
	for one in '' secret; do
		echo "$one"
	done | gpg --homedir home --batch --quiet --pinentry-mode loopback \
	    --command-fd 0 --edit-key "$fingerprint" passwd save
	gpg --homedir home --batch --pinentry-mode loopback --passphrase secret \
	    --armor --export-secret-keys >locked/seckey.txt
	gpgconf --homedir home --kill all
	fails 'cannot be opened: the secret OpenPGP key has a passphrase' \
	    --dir locked
	fails 'the password is empty' --dir empty --timeout 30
	fails 'has refused after some time: nobody has approved' --dir waiting
	# An image that is older than the keys.
	tree t unknown
	pack t image
	fails 'refuses the keys in the image; those in good are others' \
	    --image image --dir good
	# And one that works nevertheless.
	rm -rf t
	tree t good
	pack t image
	atf_check -s exit:0 -o inline:'would boot\n' -e inline:'mandos-keygen: '\
'warning: the keys in image are not those in unknown\n' \
	    ./rehearse --image image --dir unknown
	boots --image image --dir good
	server_stop server
	fails 'there is no server at \[::1\]:4711: Connection refused' \
	    --dir good
}

# strange MODE: a server that behaves as client_fakeserver has it.
strange() {
	nsenter --target "$(cat server.host)" --net \
	    "$top_builddir/regress/client/client_fakeserver" "$port" "$1" \
	    nothing >strange.log 2>&1 &
	echo $! >strange.pid
	wait_for 10 grep -qx ready strange.log
}

case_of fails__strange_server 'what is no server is told from one, in time'
fails__strange_server_body() {
	host_new server
	rehearsal server --connect "[::1]:$port"
	keys good
	: >cmdline
	: >nothing
	for answer in 'early:does not talk to this client' \
	    'garbage:does not talk to this client' \
	    'nobye:has ended the connection too early' \
	    'empty:has nothing for this client' \
	    'hang:has not answered in time'; do
		strange "${answer%%:*}"
		fails "at .*4711 ${answer#*:}" --dir good
		kill "$(cat strange.pid)"
		wait "$(cat strange.pid)" || :
	done
}

case_of untested__questions 'what cannot be tried is no answer'
untested__questions_body() {
	host_new server
	rehearsal server --connect '[::1]:9'
	keys good
	: >cmdline
	printf %s "$password" >pass
	long=$(printf %0256d 0)
	for option in --bogus operand --password --timeout=0 --length=none \
	    "--connect=$long"; do
		atf_check -s exit:2 -o empty -e not-empty \
		    ./rehearse --dir good $option
	done
	# Where nothing is rehearsed, 2 is GnuPG's.
	for option in --timeout=0 "--connect=$long"; do
		atf_check -s exit:1 -o empty -e not-empty \
		    "$keygen" --dir good $option
	done
	atf_check -s exit:2 -o empty -e match:'nowhere: No such file' \
	    ./rehearse --image nowhere
	atf_check -s exit:2 -o empty -e match:'nowhere: No such file' \
	    ./rehearse --dir good --client nowhere
	# What is no program cannot be started.
	chmod 755 pass
	atf_check -s exit:2 -o empty -e match:'./pass cannot be run' \
	    ./rehearse --dir good --client ./pass
	nothing_left
}

case_of fails__beside 'a reason is none the less one if not all can be tried'
fails__beside_body() {
	host_new server
	rehearsal server
	keys good
	: >cmdline
	rm good/tls-privkey.pem good/seckey.txt
	mkdir good/seckey.txt
	atf_check -s exit:1 -o match:'would not boot, because good/tls-privkey' \
	    -e match:'seckey.txt is no regular file' ./rehearse --dir good
	nothing_left
}

case_of fails__words 'what a client says cannot speak to the terminal'
fails__words_body() {
	host_new server
	rehearsal server
	keys good
	: >cmdline
	cat >client <<-'END'
		#! /bin/sh
		printf 'first\nno \033[31mserver\302\2331m\177\n\n' >&2
		exit 3
	END
	chmod 755 client
	# What there is room for has a last line, wherever it is cut.
	cat >noisy <<-'END'
		#! /bin/sh
		{ printf z; yes; } | head -c 200000 >&2
		exit 3
	END
	chmod 755 noisy
	fails 'ended with status 3: y$' --dir good --client ./noisy \
	    --timeout 30
	fails 'ended with status 3: no [?]\[31mserver[?][?]1m[?]$' --dir good \
	    --client ./client --timeout 30
}

# announced: an avahi-daemon on the server's host announces a server there.
announced() {
	need avahi-daemon
	mkdir services
	cat >services/mandos.service <<-END
		<service-group><name>Mandos</name><service>
		<type>_mandos._tcp</type><port>$port</port>
		</service></service-group>
	END
	printf '[server]\nhost-name=server\nenable-dbus=no\n' >avahi.conf
	# shellcheck disable=SC2016	# the inner shell's
	at server unshare --mount sh -c '
	mount -t tmpfs -o mode=755 tmpfs /run && mkdir /run/avahi-daemon &&
	    mount --bind services /etc/avahi/services &&
	    exec avahi-daemon --file="$1" --no-drop-root --no-chroot \
	    --no-proc-title --no-rlimits
	' sh "$PWD/avahi.conf" >avahi.log 2>&1 &
	wait_for 20 grep -q 'Service.*successfully established' avahi.log
}

case_of zeroconf__found 'a server is found as it would be at the boot'
zeroconf__found_body() {
	place
	host_new client
	host_join server srv0 client cli0
	rehearsal client
	fails 'no server is found by Zeroconf' --dir good
	announced
	boots --dir good
	fails 'the server at \[fe80::.*%cli0\]:4711 has nothing for this client' \
	    --dir unknown
	# It is not the interface that a boot would raise, which stays down.
	at client ip link set cli0 down
	fails 'no server is found by Zeroconf' --dir good
	atf_check -s exit:0 -o match:'state DOWN' -e empty \
	    ./at_client ip link show cli0
	server_stop server
}

case_of stopped__by_term 'ended by TERM, it leaves nothing behind'
stopped__by_term_body() {
	stopped "$mandos_client"
}

case_of stopped__with_debian "the same with Debian's client"
stopped__with_debian_body() {
	stopped "$debian_client"
}

# stopped CLIENT: at different moments.
stopped() {
	place
	host_new client
	tree t good
	pack t image
	# Nobody answers there: it goes on until its time is up.
	rehearsal client --timeout 60 --connect '[::1]:9'
	for moment in 0 1 2 4 8 16 32 48 64 128; do
		rm -f pid
		./rehearse --image image --client "$1" >answer 2>stopped.err &
		wrapper=$!
		wait_for 10 test -s pid
		wait_for 10 stopped_begun
		sleep "$(awk "BEGIN { print $moment / 100 }")"
		kill -TERM "$(cat pid)"
		status=0
		wait "$wrapper" || status=$?
		[ "$status" -eq 143 ] ||
		    fail_with stopped.err "it ended with $status"
		atf_check -s exit:0 -o empty -e empty cat answer
		wait_for 5 host_is_idle client
		nothing_left
	done
	server_stop server
}

stopped_begun() {
	[ -n "$(ls -A tmp)" ]
}

case_of secrets__not_in_sight 'no password and no key in sight'
secrets__not_in_sight_body() {
	need strace
	place
	tree t good
	pack t image
	luks device "$password"
	# A leak check does not work in what is traced.
	[ "$sanitizers" = no ] || mandos_client=$debian_client
	sed 's|unshare --mount sh|strace -f -qq -v -s 65536 -e trace=execve,write,sendto,sendmsg -o trace &|' \
	    rehearse >traced
	chmod +x traced
	atf_check -s exit:0 -o inline:'would boot\n' -e empty \
	    ./traced --image image --device device --client "$mandos_client"
	grep execve trace >execs
	grep -E '^[0-9]+ +write\(2,' trace >words || :
	[ "$(grep -c -e cryptsetup -e mandos-client execs)" -ge 2 ] ||
	    atf_fail 'strace has seen too little'
	for bytes in "$password" "$(sed -n 5p good/seckey.txt)" \
	    "$(sed -n 2p good/tls-privkey.pem)"; do
		atf_check -s exit:1 -o empty -e empty \
		    grep -F -e "$bytes" execs words
	done
	# The key is in files while it is needed, for mandos-client.
	nothing_left
	server_stop server
}

atf_init_test_cases() {
	atf_add_test_case boots__images
	atf_add_test_case boots__device
	atf_add_test_case boots__configured
	atf_add_test_case fails__image
	atf_add_test_case fails__server
	atf_add_test_case zeroconf__found
	atf_add_test_case stopped__by_term
	atf_add_test_case stopped__with_debian
	atf_add_test_case secrets__not_in_sight
	atf_add_test_case fails__beside
	atf_add_test_case fails__words
	atf_add_test_case fails__strange_server
	atf_add_test_case untested__questions
}
