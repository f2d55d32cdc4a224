import Foundation
import LogReading
import PluginHost
import PluginMessages
import TestSupport
import Testing

/// The Arch Linux plugin's install steps under the real pacman, against a repository made on the spot.
@Suite(
    .enabled(
        if: Machine.isRoot && Program.areInstalled("pacman", "makepkg", "repo-add", "bsdtar", "fakeroot", "runuser"),
        "needs root and the Debian packages pacman-package-manager, makepkg, libarchive-tools, fakeroot"))
struct PacmanTests {
    private static let request = TargetRequest(
        target: "archlinux", distribution: "archlinux", version: nil, architecture: "x86_64")

    /// A root with one repository of the packages `gmp` and `libev`, the latter needing the former.
    private final class Root: Sendable {
        let scratch: TemporaryDirectory
        var path: String { "\(scratch.path)/root" }
        var configuration: String { "\(scratch.path)/pacman.conf" }

        init() throws {
            scratch = try TemporaryDirectory()
            let script = """
                cd "$1"
                mkdir build packages root root/var root/var/lib root/var/lib/pacman cache
                build() {
                    mkdir "build/$1"
                    printf '%s\\n' "pkgname=$1" pkgver=1.0 pkgrel=1 "arch=(any)" "depends=($2)" \\
                        'package() { mkdir -p "$pkgdir/usr/lib"; echo "$pkgname" >"$pkgdir/usr/lib/$pkgname"; }' >"build/$1/PKGBUILD"
                }
                build gmp ''
                build libev gmp
                chmod 755 .
                chown -R nobody build packages
                for name in gmp libev; do
                    (cd "build/$name" && PKGDEST="$1/packages" PKGEXT=.pkg.tar.gz HOME=/tmp \\
                        runuser -u nobody -- env PKGDEST="$1/packages" PKGEXT=.pkg.tar.gz makepkg --nodeps --nocheck)
                done
                repo-add -q packages/spot.db.tar.gz packages/*.pkg.tar.gz
                printf '%s\\n' '[options]' 'Architecture = auto' 'SigLevel = Never' "RootDir = $1/root" \\
                    "DBPath = $1/root/var/lib/pacman" "CacheDir = $1/cache" '[spot]' "Server = file://$1/packages" >pacman.conf
                """
            let ending = try Machine.run(["sh", "-eu", "-c", script, "sh", scratch.path])
            try #require(ending.status == 0, "\(ending.output)")
        }

        /// Runs a step with `pacman` and `pacman-conf` meaning those of this root.
        func run(_ step: Step) throws -> Program.Ending {
            let script = #"""
                [ -d "$1/bin" ] || mkdir "$1/bin"
                for program in pacman pacman-conf; do
                    printf '%s\n' '#!/bin/sh' "exec /usr/bin/$program --config '$1/pacman.conf' \"\$@\"" \
                        >"$1/bin/$program"
                    chmod 755 "$1/bin/$program"
                done
                """#
            let ending = try Machine.run(["sh", "-eu", "-c", script, "sh", scratch.path])
            try #require(ending.status == 0, "\(ending.output)")
            return try Machine.run(
                ["bash", "-eu", "-c", step.script], environment: ["PATH": "\(scratch.path)/bin:\(Machine.path)"])
        }

        func pacman(_ arguments: String...) throws -> Program.Ending {
            try Machine.run(["/usr/bin/pacman", "--config", configuration] + arguments)
        }
    }

    private func steps(for names: [String]) async throws -> [Step] {
        let plugin = try await ShippedPlugins.catalog.plugin(named: "archlinux")
        return try await plugin.systemPackages(SystemPackagesRequest(target: Self.request, names: names)).steps
    }

    @Test func systemPackagesAreInstalledWithWhatTheyNeed() async throws {
        let root = try Root()
        #expect(try root.pacman("-Sy").status == 0)
        let step = try #require(try await steps(for: ["libev"]).first)
        for time in ["first", "second"] {
            let ending = try root.run(step)
            #expect(ending.status == 0, "the \(time) time: \(ending.output)")
            #expect(try root.pacman("-Q").output == "gmp 1.0-1\nlibev 1.0-1\n")
        }
        #expect(try root.pacman("-Qk").output.contains("0 missing files"))
        #expect(FileManager.default.fileExists(atPath: "\(root.path)/usr/lib/libev"))
    }

    /// The lists may be older than the archive: the step then fetches new ones.
    @Test func listsAreFetchedWhereTheyAreMissing() async throws {
        let root = try Root()
        let ending = try root.run(try #require(try await steps(for: ["gmp"]).first))
        #expect(ending.status == 0, "\(ending.output)")
        #expect(try root.pacman("-Q", "gmp").status == 0)
    }

    /// The plugin's pattern matches pacman's message about an unknown package.
    @Test func anUnknownPackageIsRead() async throws {
        let root = try Root()
        let ending = try root.run(try #require(try await steps(for: ["no-such-package"]).first))
        #expect(ending.status != 0)
        let plugin = try await ShippedPlugins.catalog.plugin(named: "archlinux")
        let pattern = try #require(try await plugin.patterns().first { $0.name == "pacman-target" })
        let finding = LogReader(only: [pattern]).read(Array(ending.output.utf8))
        #expect(finding?.subject == "no-such-package", "\(ending.output)")
    }
}
