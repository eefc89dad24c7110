#!/bin/sh
# What the tests need beyond Python packages: a headless Chromium from the distribution. Installs it where we may, says
# how in one line where we may not; without it the browser tests skip with that reason.
set -eu
if command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1; then
  exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing headless Chromium for the browser tests"
  apt-get update -qq >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-dejavu-core >/dev/null && exit 0
fi
echo "The browser tests will be skipped: they need Chromium. On Debian or Ubuntu: sudo apt-get install chromium"
