import Archive
import Core
import Foundation
import TestSupport
import Testing

@Suite(.enabled(if: Program.areInstalled("bsdtar", "python3"), "needs libarchive-tools and python3"))
struct PackingTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test func packingRoundTrips() throws {
        try directory.shell(
            """
            mkdir -p t/bin t/empty 't/näme with space'; echo hello > t/bin/x; chmod 755 t/bin/x
            : > t/nothing; ln t/bin/x t/again; ln -s ../bin/x t/empty/link; head -c 300000 /dev/urandom > t/big
            """)
        let summary = try Packing().pack(directory("t"), to: directory("t.tar.zst"))
        #expect(summary.bytes == 300_006)
        try Extraction().extract(directory("t.tar.zst"), to: directory("u"))
        try directory.shell("diff -r t u; test u/again -ef u/bin/x; test -x u/bin/x; test -L u/empty/link")
        #expect(try directory.shell("bsdtar -tf t.tar.zst | sort | head -2") == "again\nbig\n")
    }

    @Test func equalTreesGiveEqualBytesWhateverTheirOrderAndTimes() throws {
        let names = (0..<40).map { "f\($0)" }
        for (tree, order) in [("a", names), ("b", names.reversed())] {
            try directory.shell(
                "mkdir \(tree); cd \(tree); for f in \(order.joined(separator: " ")); do echo $f > $f; done")
            try directory.shell("cd \(tree); ln \(order[0]) z1; rm z1; ln f3 z1; ln f3 a1")
        }
        try directory.shell("touch -d 2001-01-01 b/f1")
        _ = try Packing().pack(directory("a"), to: directory("a.tar.zst"))
        _ = try Packing().pack(directory("b"), to: directory("b.tar.zst"))
        try directory.shell("cmp a.tar.zst b.tar.zst")
    }

    @Test func onlyWhatIsBelowThePathsIsPacked() throws {
        try directory.shell(
            "mkdir -p t/home/opam/x t/etc; echo 1 > t/home/opam/x/f; echo 2 > t/etc/passwd; echo 3 > t/home/g")
        _ = try Packing().pack(directory("t"), paths: ["home/opam", "none/such"], to: directory("t.tar.zst"))
        #expect(try directory.shell("bsdtar -tf t.tar.zst") == "home/\nhome/opam/\nhome/opam/x/\nhome/opam/x/f\n")
    }

    @Test func modesAndOwnersFollowThePolicy() throws {
        try directory.shell("mkdir t; echo 1 > t/f; chmod 4751 t/f")
        var packing = Packing(timestamps: .fixed(7), ownership: .fixed(Owner(user: 1000, group: 1001)))
        _ = try packing.pack(directory("t"), to: directory("t.tar.zst"))
        let line = try directory.shell("TZ=UTC bsdtar --numeric-owner -tvf t.tar.zst")
        #expect(line.hasPrefix("-rwxr-x--x"))
        #expect(line.contains("1000") && line.contains("1001") && line.contains("1970"))
        packing.permissionMask = 0o7777
        _ = try packing.pack(directory("t"), to: directory("t.tar.zst"))
        #expect(try directory.shell("bsdtar -tvf t.tar.zst").hasPrefix("-rwsr-x--x"))
    }

    @Test func specialFilesAreLeftOutAndNamed() throws {
        try directory.shell("mkdir t; mkfifo t/pipe; echo 1 > t/f")
        let summary = try Packing().pack(directory("t"), to: directory("t.tar.zst"))
        #expect(summary.skipped == ["pipe"])
        #expect(summary.entries == 1)
    }

    @Test func limitsHoldAndLeaveNothing() throws {
        try directory.shell("mkdir -p t/a/b/c; echo 12345 > t/a/b/c/f")
        for (limits, code) in [
            (TreeLimits(bytes: 5), ArchiveError.Code.tooManyBytes), (TreeLimits(entries: 3), .tooManyEntries),
            (TreeLimits(depth: 3), .tooDeep),
        ] {
            let error = #expect(throws: ArchiveError.self) {
                try Packing(limits: limits).pack(directory("t"), to: directory("t.tar.zst"))
            }
            #expect(error?.code == code)
        }
        #expect(try directory.shell("ls") == "t\n")
    }

    @Test(.enabled(if: getuid() == 0, "whiteouts need root")) func whiteoutsSurviveTheRoundTrip() throws {
        try directory.shell("mkdir -p t/d; mknod t/gone c 0 0; mknod t/d/gone c 0 0; echo 1 > t/d/.wh.fake")
        let summary = try Packing(whiteouts: true).pack(directory("t"), to: directory("t.tar.zst"))
        #expect(summary.skipped == ["d/.wh.fake"])
        #expect(try directory.shell("bsdtar -tf t.tar.zst") == ".wh.gone\nd/\nd/.wh.gone\n")
        try Extraction(whiteouts: true).extract(directory("t.tar.zst"), to: directory("u"))
        try directory.shell("test -c u/gone; test -c u/d/gone; ! test -e u/d/fake")
    }
}
