import Foundation
import Glibc
import TestSupport
import Testing

/// The directory with programs of package managers that Debian has no packages of.
private enum BuiltPackageManagers {
    static let directory = ProcessInfo.processInfo.environment["CISO_PACKAGE_MANAGERS"]
}

/// The real apk and xbps, which Debian has no packages of, in images of their files, with repositories made on the
/// spot.
///
/// `CISO_PACKAGE_MANAGERS` names a directory with programs built from their sources: `apk`, `xbps-install`,
/// `xbps-query`, `xbps-create`, `xbps-rindex` and `libxbps.so.6`.
@Suite(
    .enabled(
        if: getuid() == 0 && SmallImage.isPossible && Program.areInstalled("bwrap", "openssl"),
        "needs root, bwrap, busybox, zstd and openssl"),
    .enabled(if: BuiltPackageManagers.directory != nil, "set CISO_PACKAGE_MANAGERS"))
struct BuiltPackageManagerTests {
    private let fixture: DepextFixture
    private var directory: TemporaryDirectory { fixture.directory }

    init() throws {
        fixture = try DepextFixture(
            depexts: #"[["foo-dev"] {os-distribution = "alpine"} ["libfoo-devel"] {os-distribution = "void"}]"#)
        try directory.shell("programs='\(BuiltPackageManagers.directory ?? "")'\n\(Self.makeFiles)")
    }

    /// For each family, the files of its programs with a database of packages, and a repository.
    private static let makeFiles = #"""
        export LD_LIBRARY_PATH="$programs"
        mkdir -p files/usr/include && echo foo >files/usr/include/foo.h
        # copy DIRECTORY PROGRAM…: copies programs with their libraries.
        copy() {
            to=$1
            shift
            mkdir -p "$to/usr/bin" "$to/usr/lib" "$to/lib64"
            for program; do
                cp "$programs/$program" "$to/usr/bin/"
                ldd "$programs/$program" | sed -n 's/.*=> \(\/[^ ]*\).*/\1/p' | xargs -I{} cp -L {} "$to/usr/lib/"
                cp -L "$(ldd "$programs/$program" | sed -n 's/^[[:space:]]*\(\/[^ ]*ld-linux[^ ]*\).*/\1/p')" "$to/lib64/"
            done
        }

        copy apk apk
        mkdir -p apk/etc/apk/keys apk/tmp apk/var/cache/apk served-apk/srv/apk/x86_64
        openssl genrsa -out key.rsa 2048 2>log
        openssl rsa -in key.rsa -pubout -out apk/etc/apk/keys/key.rsa.pub 2>>log
        "$programs/apk" mkpkg -F files -I name:foo-dev -I version:1.0-r0 -I arch:x86_64 -I description:foo -I license:ISC \
            --sign-key key.rsa -o served-apk/srv/apk/x86_64/foo-dev-1.0-r0.apk
        "$programs/apk" mkndx --sign-key key.rsa --allow-untrusted -o served-apk/srv/apk/x86_64/APKINDEX.tar.gz \
            served-apk/srv/apk/x86_64/foo-dev-1.0-r0.apk >>log
        "$programs/apk" --root "$PWD/apk" --arch x86_64 --initdb --no-scripts add >>log 2>&1
        echo file:///srv/apk >apk/etc/apk/repositories

        copy xbps xbps-install xbps-query
        mkdir -p xbps/etc/xbps.d xbps/var/db/xbps xbps/var/cache/xbps xbps/tmp xbps/srv/old served-xbps/srv/xbps
        mkdir -p own/usr/share/xbps && echo >own/usr/share/xbps/file
        # package DIRECTORY NAME FILES: a package in a repository.
        package() {
            (cd "$1" && "$programs/xbps-create" -A x86_64 -n "$2" -s foo "$OLDPWD/$3" &&
                "$programs/xbps-rindex" -a "$2.x86_64.xbps") >>log 2>&1
        }
        package xbps/srv/old xbps-0.1_1 own
        # The repository has a newer xbps than the image.
        package served-xbps/srv/xbps xbps-0.2_1 own
        package served-xbps/srv/xbps libfoo-devel-1.0_1 files
        "$programs/xbps-install" -r "$PWD/xbps" -R "$PWD/xbps/srv/old" -y xbps >>log 2>&1
        rm -r xbps/srv/old
        echo repository=/srv/xbps >xbps/etc/xbps.d/00-spot.conf
        """#

    @Test func depextsAreInstalled() throws {
        let families = ["apk": ("alpine", "3.22.1"), "xbps": ("void", "rolling")]
        try fixture.write(families: Array(families.keys)) { family, isReachable in
            let (name, version) = try #require(families[family])
            let layers = [
                try SmallImage.base(in: directory), ImageLayout.Layer([], directory: directory(family)),
                ImageLayout.Layer([SmallImage.release(name, version: version)]),
            ]
            return isReachable ? layers + [ImageLayout.Layer([], directory: directory("served-\(family)"))] : layers
        }
        let run = try fixture.ci("run", "m.yaml", "--jobs", "2")
        let states = try fixture.ci("results", "--format", "json").cellStates()
        for family in families.keys.sorted() {
            #expect(states["\(family)/5.3.0/good.1"] == "success", "\(run.output)\(run.messages)")
            #expect(states["\(family)/5.3.0/absent.1"] == "failure", "\(run.output)\(run.messages)")
            #expect(try fixture.ci("log", "\(family)/5.3.0/absent.1").output.contains("no-such-devel"))
            for package in ["good", "absent"] {
                #expect(states["\(family)-down/5.3.0/\(package).1"] == "infrastructure", "\(run.output)\(run.messages)")
            }
        }
    }
}
