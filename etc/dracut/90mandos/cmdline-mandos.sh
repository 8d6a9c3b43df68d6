#!/bin/sh
# SPDX-License-Identifier: ISC
# Read by dracut's init, at its hook "cmdline" and in its own shell: does what
# the kernel's parameter mandos= wants.  It must not end that shell, nor leave
# variables there.  See mandos-boot(7).

command -v getargbool >/dev/null || . /lib/dracut-lib.sh

# mandos_options: an option for mandos-client for each server named, in a
# line.  What could mean something to the reader of that line is no address.
mandos_options() (
	set -f
	IFS=$(printf ' ,\n.')
	IFS=${IFS%.}
	for word in $(getargs mandos=); do
		case $word in
		connect:*[!][A-Za-z0-9.:%_@-]*|connect:)
			warn "mandos: no address of a server:" \
			    "${word#connect:}" ;;
		connect:*)
			printf ' --connect=%s' "${word#connect:}" ;;
		connect|off) ;;
		*)	warn "mandos: unknown word in mandos=: $word" ;;
		esac
	done
)

# mandos_prepare: with systemd the password agent is started by its unit; but
# without, what dracut asks for passwords with becomes ours.
mandos_prepare() {
	if [ -n "${DRACUT_SYSTEMD-}" ]; then
		printf 'MANDOS_CMDLINE="%s"\n' "$(mandos_options)" \
		    >/lib/mandos/cmdline.env
		return
	fi
	{ mandos_options; echo; } | tr ' ' '\n' |
	    sed -n 's/^-/--options-for=mandos-client:-/p' \
		>>/etc/mandos/plugin-runner.conf
	if [ -f /lib/dracut-crypt-lib.sh ]; then
		cat /lib/mandos/ask-for-password.sh >>/lib/dracut-crypt-lib.sh
	fi
}

if getargbool 1 mandos && ! [ "$(getarg mandos=)" = off ]; then
	mandos_prepare
fi
unset -f mandos_options mandos_prepare
