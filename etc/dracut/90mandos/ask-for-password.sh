# SPDX-License-Identifier: ISC
# In an initial RAM disk by dracut(8) without systemd(1), this is at the end of
# dracut's functions for encrypted disks, and takes the place of one: the
# password comes from plugin-runner, which asks a Mandos server and the person
# at the console at once.  See mandos-boot(7).

# ask_for_password: the arguments are those of dracut's function.  The command
# reads a password from its standard input, as it does for plymouth.
# shellcheck disable=SC2154	# the caller has $device and $luksname
ask_for_password() {
	mandos_command=
	mandos_prompt=
	mandos_left=3
	mandos_without=
	while [ $# -gt 0 ]; do
		case $1 in
		--cmd|--ply-cmd)
			mandos_command=$2
			shift ;;
		--prompt|--ply-prompt)
			mandos_prompt=$2
			shift ;;
		--tries|--ply-tries)
			mandos_left=$2
			shift ;;
		--tty-cmd|--tty-prompt|--tty-tries)
			shift ;;
		esac
		shift
	done
	# One at a time has the console.
	{
		flock -s 9
		while :; do
			CRYPTTAB_SOURCE=$device CRYPTTAB_NAME=$luksname \
			    cryptsource=$device crypttarget=$luksname \
			    /lib/mandos/plugin-runner \
			    --config-file=/etc/mandos/plugin-runner.conf \
			    "--options-for=password-prompt:--prompt=$mandos_prompt" \
			    "--options-for=plymouth:--prompt=$mandos_prompt" \
			    ${mandos_without:+--disable=mandos-client} |
			    eval "$mandos_command"
			mandos_status=$?
			mandos_left=$((mandos_left - 1))
			# If the server has a wrong password, every second try
			# is for the person at the console.
			case $mandos_without in
			'')	mandos_without=yes ;;
			*)	mandos_without= ;;
			esac
			if [ "$mandos_status" -eq 0 ] ||
			    [ "$mandos_left" -le 0 ]; then
				break
			fi
		done
	} 9>/.console_lock
	[ "$mandos_status" -eq 0 ] || echo 'Wrong password' >&2
	return "$mandos_status"
}
