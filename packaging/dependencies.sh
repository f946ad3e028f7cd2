#!/bin/sh
# Installs the Debian 12 packages that are missing for a purpose, and says nothing when none is.
#
#     packaging/dependencies.sh PURPOSE…      (build, test, bench, fuzz, check)
#
# The server's package would make and start a cluster "main" when it is installed. The tests start a
# private server of their own, so that is switched off for as long as the installation takes; a
# server that is already there is left alone.
set -eu

CREATECLUSTER=/etc/postgresql-common/createcluster.conf
TOOLS=$(dirname "$0")/../build/tools

packages() {
    case $1 in
    build) echo gcc libc6-dev make pkg-config libcurl4-openssl-dev libpq-dev libyajl-dev \
        libyaml-dev libxml2-dev libxxhash-dev libmicrohttpd-dev libunistring-dev \
        ca-certificates tzdata ;;
    test) echo libcmocka-dev postgresql-15 postgresql-client-15 python3 python3-jsonschema python3-yaml \
        clang-format openssl mandoc lintian dpkg-dev fakeroot systemd zsh libevent-2.1-7 libc-ares2 \
        valgrind ;;
    bench) echo postgresql-15 postgresql-client-15 python3 python3-psycopg2 python3-requests wrk \
        binutils valgrind ;;
    fuzz) echo clang libclang-rt-14-dev ;;
    check) echo clang clang-tidy cppcheck valgrind ;;
    *)
        echo "dependencies.sh: unknown purpose \"$1\": use build, test, bench, fuzz or check" >&2
        exit 64
        ;;
    esac
}

is_installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

install() {
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"
}

# postgresql-common first: it brings the file in which "main" can be switched off.
install_server() {
    is_installed postgresql-common || install postgresql-common
    saved=$(mktemp)
    cp -p "$CREATECLUSTER" "$saved"
    trap 'cp -p "$saved" "$CREATECLUSTER"; rm -f "$saved"' EXIT
    trap 'exit 1' INT TERM
    echo "create_main_cluster = false" >>"$CREATECLUSTER"
    install postgresql-15
}

# These are wanted for their programs alone; installed, they would be started and listen on a port.
UNPACKED="prometheus pgbouncer nginx"

lacks_program() {
    ! command -v "$1" >/dev/null && [ ! -x "$TOOLS/usr/bin/$1" ] && [ ! -x "$TOOLS/usr/sbin/$1" ]
}

unpack() {
    folder=$(mktemp -d)
    (cd "$folder" && apt-get download -q "$1" && dpkg-deb -x "$1"_*.deb unpacked)
    mkdir -p "$TOOLS"
    cp -R "$folder/unpacked/usr" "$TOOLS"
    rm -rf "$folder"
    chown -R --reference="$(dirname "$0")" "$TOOLS"
}

wanted=$(for purpose in "$@"; do packages "$purpose"; done)
if ! command -v dpkg-query >/dev/null; then
    echo "dependencies.sh: this is no Debian, so these are not looked for:" >&2
    echo "$wanted" >&2
    exit 0
fi
missing=
for package in $wanted; do
    is_installed "$package" || missing="$missing $package"
done
case " $* " in *" test "*)
    for package in $UNPACKED; do
        if lacks_program "$package"; then missing="$missing $package"; fi
    done
    ;;
esac
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "dependencies.sh: neither root nor sudo; ask an administrator to install:$missing" >&2
        exit 69
    fi
    echo "installing with sudo:$missing" >&2
    exec sudo sh "$0" "$@"
fi
apt-get update -q
others=
for package in $missing; do
    case " postgresql-15 $UNPACKED " in *" $package "*) ;; *) others="$others $package" ;; esac
done
# shellcheck disable=SC2086 # a list of words
[ -z "$others" ] || install $others
case "$missing " in *" postgresql-15 "*) install_server ;; esac
for package in $UNPACKED; do
    case "$missing " in *" $package "*) unpack "$package" ;; esac
done
