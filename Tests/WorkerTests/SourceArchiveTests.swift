import Foundation
import OpamSwitch
import TestSupport
import Testing

@testable import Worker

/// The accepted archives of sources and the resulting contents of the build directory, compared with the real opam
/// client.
@Suite(
    .enabled(
        if: Program.areInstalled("opam", "curl", "python3", "bzip2", "xz"), "needs opam, curl, python3, bzip2 and xz"))
struct SourceArchiveTests {
    /// Each makes `archive` in a directory of its own.
    static let archives = [
        "one": "mkdir a; echo >a/f; tar czf archive a", "two": "mkdir a b; echo >a/f; tar czf archive a b",
        "beside": "mkdir a; echo >README; tar czf archive a README", "flat": "echo >f; echo >.g; tar czf archive f .g",
        "hidden-file": "mkdir a; echo >.hidden; tar czf archive a .hidden",
        "hidden-directory": "mkdir .a; echo >.a/f; tar czf archive .a", "link": "ln -s /etc a; tar czf archive a",
        "link-beside": "mkdir a; ln -s a b; tar czf archive a b", "dot": "mkdir a; echo >a/f; tar czf archive ./a",
        "pax": "mkdir a; echo >a/f; echo >pax_global_header; tar czf archive a pax_global_header",
        "empty-tar": "tar czf archive -T /dev/null", "empty": ": >archive", "text": "echo 'let x = 1' >archive",
        "plain-tar": "mkdir a; echo >a/f; tar cf archive a", "bzip2": "mkdir a; echo >a/f; tar cjf archive a",
        "xz": "mkdir a; echo >a/f; tar cJf archive a",
        "truncated": "mkdir a; head -c 9999 /dev/urandom >a/f; tar cz a | head -c 500 >archive",
        "gzipped-text": "echo 'let x = 1' | gzip >archive", "html": "echo '<html>404</html>' >archive",
        "zip": "mkdir a; echo >a/f; python3 -m zipfile -c archive a/",
        "two-in-zip": "mkdir a b; echo >a/f; echo >b/f; python3 -m zipfile -c archive a/ b/",
    ].merging(zips.mapValues { makeZip + $0 }) { $1 }

    /// `zip SYSTEM BYTE NAME…`: an archive that a system made (0: DOS, with names in code page 437; 3: Unix) of files
    /// with these names, in which `Q` becomes a byte.
    private static let makeZip = #"""
        zip() { python3 -W ignore -c '
        import sys, zipfile
        archive = zipfile.ZipFile("archive", "w")
        for name in sys.argv[3:]:
            entry = zipfile.ZipInfo(name)
            entry.create_system = int(sys.argv[1])
            archive.writestr(entry, "text")
        archive.close()
        bytes = open("archive", "rb").read().replace(b"Q", bytes([int(sys.argv[2])]))
        open("archive", "wb").write(bytes)' "$@"; }
        """# + "\n"

    private static let zips = [
        "zip-latin1": "zip 3 233 a/cafQ", "zip-dos": "zip 0 130 a/cafQ", "zip-utf8": "zip 3 81 a/café a/日本",
        "zip-backslash": #"zip 0 81 'a\b\f' 'a\g'"#, "zip-unix-backslash": #"zip 3 81 a/f 'a/b\g'"#,
        "zip-absolute": "zip 3 81 /a/f", "zip-parent": "zip 3 81 ../f", "zip-parent-inside": "zip 3 81 a/f a/../../g",
        "zip-twice": "zip 3 81 a/f a/f", "zip-newline": "zip 3 10 a/fQg a/h",
        "zip-star": "zip 3 81 'a/*' 'a/-rf' 'a/ b'",
        "zip-case": "zip 3 81 a/f a/F", "zip-spaces": "zip 3 81 'a b/f'",
    ]

    @Test func theyAreTakenAndRefusedAsByOpam() throws {
        let directory = try TemporaryDirectory()
        let environment = ProcessInfo.processInfo.environment.merging(
            [
                "OPAMROOT": directory("root"), "OPAMROOTISOK": "1", "OPAMYES": "1", "OPAMCOLOR": "never",
                "OPAMUTF8": "never",
                "OPAMNODEPEXTS": "1",
            ]) { $1 }
        func opam(_ words: [String]) throws -> Program.Ending {
            try Program(["opam"] + words, in: directory.path, environment: environment, isJoined: true).run()
        }
        try directory.write("opam-version: \"2.0\"\n", to: "repository/repo")
        for (name, make) in Self.archives {
            try directory.shell("mkdir -p sources/\(name) cache/md5; cd sources/\(name); \(make)")
            let digest = try directory.shell("md5sum sources/\(name)/archive").prefix(32)
            try directory.shell(
                "mkdir -p cache/md5/\(digest.prefix(2)); cp sources/\(name)/archive cache/md5/\(digest.prefix(2))/\(digest)"
            )
            try directory.write(
                """
                opam-version: "2.0"
                build: ["sh" "-c" "find . | LC_ALL=C sort | cat -v >\(directory(name)).list"]
                url { src: "https://sources.invalid/archive" checksum: "md5=\(digest)" }
                """, to: "repository/packages/\(name)/\(name).1/opam")
        }
        let initialized = try opam(
            ["init", "--bare", "--disable-sandboxing", "--no-setup", "-k", "local", "default", directory("repository")])
        try #require(initialized.status == 0, "\(initialized.output)")
        try directory.shell("echo 'archive-mirrors: [\"file://\(directory("cache"))\"]' >>root/config")
        let created = try opam(["switch", "create", "s", "--empty"])
        try #require(created.status == 0, "\(created.output)")
        var taken = 0
        for name in Self.archives.keys.sorted() {
            let theirs = try opam(["install", name])
            let archive = directory("sources/\(name)/archive")
            let script = SourceScripts.unpack((archive, name), subpath: nil, to: directory("\(name).build"))
            let ours = try Program(["/bin/sh", "-euc", script], in: directory.path, isJoined: true).run()
            let isTaken = StagedSources.isArchive(archive) && ours.status == 0
            #expect(isTaken == (theirs.status == 0), "\(name): \(ours.output)\n\(theirs.output)")
            guard isTaken, theirs.status == 0 else { continue }
            taken += 1
            let list = try directory.shell("cd '\(name).build' && find . | LC_ALL=C sort | cat -v")
            #expect(list == directory.read("\(name).list"), "\(name)")
        }
        #expect(taken > 8 && taken < Self.archives.count - 5)
    }

    /// The steps of a build run as another user than the one who owns the cache.
    @Test(arguments: [0o400, 0o600, 0o640, 0o444, 0o644] as [mode_t])
    func aStagedFileCanBeReadByAllUsers(mode: mode_t) throws {
        let directory = try TemporaryDirectory()
        try directory.write("contents", to: "file")
        chmod(directory("file"), mode)
        try StagedSources.stage(directory("file"), at: directory("staged"))
        var status = stat()
        #expect(stat(directory("staged"), &status) == 0 && status.st_mode & 0o444 == 0o444)
        #expect(try String(contentsOfFile: directory("staged"), encoding: .utf8) == "contents")
        #expect(stat(directory("file"), &status) == 0 && status.st_mode & 0o777 == mode, "the cache is as it was")
    }
}
