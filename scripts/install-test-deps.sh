#!/bin/bash
# Installs what the tests need beside Go, or says plainly what is missing.
#
#   scripts/install-test-deps.sh            for make test: without Python's packages
#                                           the tests that need them are skipped
#   scripts/install-test-deps.sh --strict   for CI: everything or nothing
#
# As root it installs Debian packages. It starts no server: tests start their own.
set -euo pipefail
cd "$(dirname "$0")/.."

strict=
case ${1-} in
'') ;;
--strict) strict=yes ;;
*)
	echo "usage: $0 [--strict]" >&2
	exit 2
	;;
esac

say() { echo "install-test-deps: $*" >&2; }

# debian NAME...: installs packages, or says that they are to be installed.
debian() {
	if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
		say "please install: apt-get install $*"
		return 1
	fi
	say "installing $*"
	# RUNLEVEL=1 keeps a package from starting the server that it brings.
	RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends "$@" </dev/null >&2 ||
		{ apt-get -qq update >&2 && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends "$@" </dev/null >&2; }
}

# DuckDB is linked from a C++ library.
have_compiler() { command -v gcc >/dev/null && command -v g++ >/dev/null; }
have_compiler || debian gcc g++ libc6-dev

# The places that internal/testpg looks in.
have_postgres() {
	local dir
	for dir in "$(pg_config --bindir 2>/dev/null || true)" /usr/lib/postgresql/*/bin "$(dirname "$(command -v initdb || echo /)")"; do
		if [ -n "$dir" ] && [ -x "$dir/initdb" ] && [ -x "$dir/postgres" ]; then return 0; fi
	done
	return 1
}
# Set, it names a folder or says off: then testpg decides.
if [ -z "${LIANJI_TEST_POSTGRES-}" ] && ! have_postgres; then
	debian postgresql || {
		say "or name the folder of initdb and postgres in LIANJI_TEST_POSTGRES, or skip those tests: make unit"
		exit 1
	}
fi

# The places that internal/testmaria looks in.
have_mariadb() {
	local dir
	for dir in /usr/sbin /usr/local/sbin /usr/libexec "$(dirname "$(command -v mariadbd || echo /)")"; do
		if [ -x "$dir/mariadbd" ]; then return 0; fi
	done
	return 1
}
if [ -z "${LIANJI_TEST_MARIADB-}" ] && ! have_mariadb; then
	debian mariadb-server || {
		say "or name the folder of mariadbd in LIANJI_TEST_MARIADB, or skip those tests: make unit"
		exit 1
	}
fi

cache=${XDG_CACHE_HOME:-$HOME/.cache}/lianji-test
venv=$cache/venv
mkdir -p "$cache"

make_venv() {
	local python=python3 want
	command -v $python >/dev/null || debian python3 python3-venv || return 1
	want=$($python --version; cat scripts/requirements.txt)
	if [ -f "$venv/installed.txt" ] && [ "$(cat "$venv/installed.txt")" = "$want" ]; then return 0; fi
	say "making $venv"
	rm -rf "$venv"
	if ! $python -c 'import ensurepip' 2>/dev/null; then
		debian python3-venv || return 1
	fi
	$python -m venv "$venv" &&
		"$venv/bin/pip" install --quiet --disable-pip-version-check --no-input -r scripts/requirements.txt </dev/null >&2 &&
		echo "$want" >"$venv/installed.txt"
}

# One at a time: two test runs may begin together.
exec 9>"$cache/venv.lock"
flock 9
if ! make_venv; then
	if [ -n "$strict" ]; then
		say "the Python packages of scripts/requirements.txt could not be installed"
		exit 1
	fi
	say "without the Python packages of scripts/requirements.txt: tests that need them are skipped and say so"
fi

# An OpenID provider for the tests of server/identity, in JavaScript.
oidc=$cache/oidc
make_oidc() {
	local want
	command -v node >/dev/null && command -v npm >/dev/null || return 1
	want=$(node --version; cat scripts/oidc/package-lock.json)
	if [ -f "$oidc/installed.txt" ] && [ "$(cat "$oidc/installed.txt")" = "$want" ]; then return 0; fi
	say "making $oidc"
	rm -rf "$oidc"
	mkdir -p "$oidc"
	cp scripts/oidc/package.json scripts/oidc/package-lock.json "$oidc/" &&
		(cd "$oidc" && npm ci --ignore-scripts --no-audit --no-fund --silent </dev/null >&2) &&
		echo "$want" >"$oidc/installed.txt"
}
if ! make_oidc; then
	if [ -n "$strict" ]; then
		say "the OpenID provider of scripts/oidc could not be installed: it needs node and npm"
		exit 1
	fi
	say "without the OpenID provider of scripts/oidc, which needs node and npm: its test is skipped and says so"
fi

# A browser, which reads over HTTP in the long form of server/httpapi's tests.
if ! command -v chromium-headless-shell >/dev/null && ! command -v chromium >/dev/null && ! debian chromium-headless-shell; then
	if [ -n "$strict" ]; then exit 1; fi
	say "without chromium-headless-shell: the test that needs a browser is skipped and says so"
fi

# The ODBC driver for PostgreSQL, which asks the PostgreSQL door in the long form of internal/e2e.
have_odbc() { compgen -G '/usr/lib/*/odbc/psqlodbcw.so' >/dev/null; }
if ! have_odbc && ! debian odbc-postgresql unixodbc; then
	if [ -n "$strict" ]; then exit 1; fi
	say "without odbc-postgresql: the test that needs it is skipped and says so"
fi
