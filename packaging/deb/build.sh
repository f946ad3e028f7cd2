#!/bin/sh
# Makes a Debian package of what `make install` has put into a folder: dpkg's own tools, no debhelper.
#
#     packaging/deb/build.sh STAGE VERSION OUTPUT-FOLDER      (at the top of the tree)
#
# As in any Debian package, files below /etc are conffiles: dpkg asks before it replaces an edited one.
set -eu
umask 022
stage=$1 version=$2 output=$3
package=qudra-sync
here=packaging/deb
doc=$stage/usr/share/doc/$package
# The newest file decides the times in the package, so that the same tree gives the same package.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(find -L agent migrations packaging docs -type f -printf '%Ts\n' | sort -n | tail -1)}
export SOURCE_DATE_EPOCH

stage_configuration() {
    install -d "$stage/etc/$package/mappings"
    sed 's,:-/run/secrets/qudra_api_key},:-qudra_api_key},' agent.yaml.example >"$stage/etc/$package/agent.yaml"
    chmod 644 "$stage/etc/$package/agent.yaml"
    install -m 600 packaging/systemd/environment "$stage/etc/$package/environment"
}

stage_policy() {
    strip --strip-unneeded --remove-section=.comment --remove-section=.note "$stage/usr/bin/$package"
    install -m 644 "$here/copyright" "$doc/copyright"
    printf '%s (%s) stable; urgency=medium\n\n  * See CHANGELOG.md for what changes.\n\n -- %s  %s\n' \
        "$package" "$version" "$(sed -n 's/^Maintainer: //p' "$here/control.in")" \
        "$(date -u -R -d "@$SOURCE_DATE_EPOCH")" >"$doc/changelog"
    find "$doc/changelog" "$doc/CHANGELOG.md" "$stage/usr/share/man" -type f -exec gzip -9nf {} +
    install -D -m 644 "$here/lintian-overrides" "$stage/usr/share/lintian/overrides/$package"
}

# What the program is linked with, as dpkg-shlibdeps names it; it wants a source tree around it.
libraries() {
    work=$(mktemp -d)
    mkdir "$work/debian"
    printf 'Source: %s\n\nPackage: %s\nArchitecture: any\n' "$package" "$package" >"$work/debian/control"
    program=$(realpath "$stage/usr/bin/$package")
    (cd "$work" && dpkg-shlibdeps -O "$program") | sed -n 's/^shlibs:Depends=//p'
    rm -rf "$work"
}

write_control() {
    install -d "$stage/DEBIAN"
    sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$(dpkg --print-architecture)/" \
        -e "s/@SIZE@/$(du -sk --exclude=DEBIAN "$stage" | cut -f1)/" -e "s/@LIBRARIES@/$(libraries)/" \
        "$here/control.in" >"$stage/DEBIAN/control"
    install -m 755 "$here/postinst" "$here/prerm" "$here/postrm" "$stage/DEBIAN/"
    (cd "$stage" && find etc -type f | sed 's,^,/,' | LC_ALL=C sort) >"$stage/DEBIAN/conffiles"
    (cd "$stage" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) >"$stage/DEBIAN/md5sums"
}

stage_configuration
stage_policy
write_control
install -d "$output"
dpkg-deb --root-owner-group --build "$stage" "$output/${package}_${version}_$(dpkg --print-architecture).deb"
