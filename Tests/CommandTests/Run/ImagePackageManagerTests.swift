import Foundation
import Glibc
import TestSupport
import Testing

/// The real dnf, zypper and pacman of Debian, in images of their files, with repositories made on the spot.
@Suite(
    .enabled(
        if: getuid() == 0 && SmallImage.isPossible
            && Program.areInstalled(
                "bwrap", "dnf", "zypper", "rpmbuild", "createrepo_c", "pacman", "repo-add", "bsdtar", "apt-cache"),
        "needs root, bwrap, busybox, zstd, dnf, zypper, rpm, createrepo-c, pacman-package-manager and libarchive-tools")
)
struct ImagePackageManagerTests {
    private let fixture: DepextFixture
    private var directory: TemporaryDirectory { fixture.directory }
    private static let families = [
        "dnf": SmallImage.release("fedora", version: "40"),
        "zypper": SmallImage.release("opensuse-leap", like: "suse opensuse", version: "15.6"),
        "pacman": SmallImage.release("arch", version: "rolling"),
    ]

    init() throws {
        fixture = try DepextFixture(depexts: #"["libfoo-devel"] {os = "linux"}"#)
        try directory.shell(Self.makeFiles)
        try directory.shell(Self.makeRepositories)
    }

    /// The files of the package managers and of all that they depend on, over busybox.
    private static let makeFiles = #"""
        mkdir -p slice/usr/bin slice/usr/sbin slice/usr/lib slice/usr/lib64 slice/etc slice/var/log \
            slice/var/lib/pacman slice/var/cache/pacman/pkg slice/etc/yum.repos.d slice/etc/zypp/repos.d
        for directory in bin sbin lib lib64; do ln -s usr/$directory slice/$directory; done
        cp "$(command -v busybox)" slice/bin/busybox
        for applet in $(busybox --list); do
            case $applet in
                busybox | dpkg* | rpm*) ;;
                *) ln -s busybox slice/bin/$applet ;;
            esac
        done
        apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances \
            --installed dnf zypper pacman-package-manager | sed -n 's/^\([a-z0-9][^:]*\).*/\1/p' | sort -u >names
        xargs dpkg-query -W -f '${db:Status-Status} ${Package}\n' <names 2>missing | sed -n 's/^installed //p' |
            grep -Ev '^(dpkg|gnupg.*|gpg.*|dirmngr|libc-bin|perl.*|debconf)$' | xargs dpkg -L |
            grep -Ev '^/usr/(share/(doc|man|locale|info|lintian)|lib/python3.*/(test|lib2to3|pydoc_data))/' | sort -u |
            while read -r file; do
                case $file in /bin | /sbin | /lib | /lib32 | /libx32 | /lib64) continue ;; esac
                if [ -f "$file" ] || [ -L "$file" ]; then echo "${file#/}"; fi
            done >files
        tar -C / -c --no-recursion -T files 2>unreadable | tar -C slice -x --keep-directory-symlink
        tar -C slice -c --owner=0 --group=0 . | zstd -q -1 >slice.tar.zst
        """#

    /// The package `libfoo-devel` for rpm and for pacman.
    private static let makeRepositories = #"""
        mkdir -p rpm pacman/usr/include served/srv/rpm served/srv/pacman
        printf '%s\n' 'Name: libfoo-devel' 'Version: 1.0' 'Release: 1' 'Summary: foo' 'License: ISC' 'BuildArch: noarch' \
            '%description' 'foo' '%install' 'mkdir -p %{buildroot}/usr/include' 'echo foo >%{buildroot}/usr/include/foo.h' \
            '%files' '/usr/include/foo.h' >foo.spec
        rpmbuild -bb --quiet --define "_topdir $PWD/rpm" foo.spec >rpm.log 2>&1
        cp rpm/RPMS/noarch/*.rpm served/srv/rpm
        createrepo_c -q served/srv/rpm
        echo foo >pacman/usr/include/foo.h
        printf '%s\n' 'pkgname = libfoo-devel' 'pkgver = 1.0-1' 'pkgdesc = foo' 'arch = any' 'size = 4' >pacman/.PKGINFO
        bsdtar -C pacman -czf served/srv/pacman/libfoo-devel-1.0-1-any.pkg.tar.gz .PKGINFO usr
        repo-add -q served/srv/pacman/spot.db.tar.gz served/srv/pacman/*.pkg.tar.gz
        """#

    private func layers(_ release: ImageLayout.Member, isReachable: Bool) -> [ImageLayout.Layer] {
        let repository = "[spot]\nname=spot\nenabled=1\nautorefresh=1\nbaseurl=file:///srv/rpm\ngpgcheck=0\n"
        var layers = [
            ImageLayout.Layer(archive: directory("slice.tar.zst")),
            ImageLayout.Layer([
                release, .file("etc/yum.repos.d/spot.repo", repository),
                .file("etc/zypp/repos.d/spot.repo", repository),
                .file(
                    "etc/pacman.conf",
                    "[options]\nArchitecture = auto\nSigLevel = Never\n[spot]\nServer = file:///srv/pacman\n"),
            ]),
        ]
        if isReachable { layers.append(ImageLayout.Layer([], directory: directory("served"))) }
        return layers
    }

    /// Existing packages are installed; a missing package is the package's failure; if the repository cannot be read,
    /// nothing is installed.
    @Test func depextsAreInstalledByTheImagesOwnPackageManager() throws {
        try fixture.write(
            families: Array(Self.families.keys),
            excluding: #"[{cells: "*-down/*/good", reason: "says nothing that absent does not"}]"#
        ) { family, isReachable in
            layers(try #require(Self.families[family]), isReachable: isReachable)
        }
        let run = try fixture.ci("run", "m.yaml", "--jobs", "2")
        #expect(run.status != 0, "\(run.output)\(run.messages)")
        let states = try fixture.ci("results", "--format", "json").cellStates()
        for family in Self.families.keys {
            #expect(states["\(family)/5.3.0/good.1"] == "success", "\(run.output)\(run.messages)")
            #expect(states["\(family)/5.3.0/absent.1"] == "failure", "\(run.output)\(run.messages)")
            let log = try fixture.ci("log", "\(family)/5.3.0/absent.1").output
            #expect(log.contains("no-such-devel"), "\(log)")
            #expect(states["\(family)-down/5.3.0/absent.1"] == "infrastructure", "\(run.output)\(run.messages)")
        }
    }
}
