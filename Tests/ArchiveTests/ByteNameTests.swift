import Archive
import Foundation
import Glibc
import System
import TestSupport
import Testing

/// Names of any bytes that the kernel accepts: of files and of the targets of links, in both directions.
@Suite struct ByteNameTests {
    let directory: TemporaryDirectory

    /// Any bytes have a text form from which they are restored; usual names are unchanged.
    @Test func encodedPathsGiveTheBytesBack() {
        var random = SeededGenerator(printingSeedOf: #function)
        for _ in 0..<2000 {
            let pieces: [[UInt8]] = (0..<Int.random(in: 0...8, using: &random)).map { _ in
                [
                    [0x25], [0x34, 0x31], [0xC3, 0xA9], [0x65, 0xCC, 0x81], [0x2F],
                    [UInt8.random(in: 1...255, using: &random)],
                ]
                .randomElement(using: &random) ?? []
            }
            let path = FilePath(bytes: pieces.joined())
            let encoded = path.encoded
            #expect(FilePath(encoded: encoded) == path, "\(path.bytes)")
            #expect(encoded.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
            let isUsual = path.bytes.allSatisfy { (0x20..<0x7F).contains($0) && $0 != 0x25 }
            if isUsual { #expect(encoded == path.text) }
        }
        // Two spellings that strings take for one.
        let (composed, decomposed) = (FilePath(bytes: [0xC3, 0xA9]), FilePath(bytes: [0x65, 0xCC, 0x81]))
        #expect(composed.encoded.utf8.elementsEqual([0xC3, 0xA9]) && decomposed.encoded == "e%CC%81")
        #expect(FilePath(bytes: [0x61, 0xE9]).encoded == "a%E9" && ("50%41" as FilePath).encoded == "50%2541")
        #expect(
            ("/a/b" as FilePath).parent == "/a" && ("a/b/c" as FilePath).parent == "a/b"
                && ("a" as FilePath).parent == nil)
    }

    init() throws { directory = try TemporaryDirectory() }

    /// The contents of a tree, by the bytes of the paths.
    private func contents(_ path: String) -> [[UInt8]: String] {
        var found: [[UInt8]: String] = [:]
        collect(Array(path.utf8), below: [], &found)
        return found
    }

    private func collect(_ directory: [UInt8], below prefix: [UInt8], _ found: inout [[UInt8]: String]) {
        guard let stream = opendir(characters(directory)) else { return }
        defer { closedir(stream) }
        while let record = readdir(stream) {
            let name = withUnsafeBytes(of: &record.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name == Array(".".utf8) || name == Array("..".utf8) { continue }
            let (path, key) = (directory + [0x2F] + name, prefix.isEmpty ? name : prefix + [0x2F] + name)
            var status = stat()
            lstat(characters(path), &status)
            let mode = "\(status.st_mode) "
            switch status.st_mode & S_IFMT {
            case S_IFDIR:
                found[key] = mode
                collect(path, below: key, &found)
            case S_IFLNK:
                var buffer = [CChar](repeating: 0, count: 5000)
                let count = readlink(characters(path), &buffer, 5000)
                found[key] = mode + "\(buffer.prefix(count))"
            default:
                let descriptor = open(characters(path), O_RDONLY)
                var bytes = [UInt8](repeating: 0, count: 100)
                let count = read(descriptor, &bytes, 100)
                close(descriptor)
                found[key] = mode + "\(status.st_size) \(bytes.prefix(max(0, count)))"
            }
        }
    }

    private func characters(_ bytes: [UInt8]) -> [CChar] { bytes.map { CChar(bitPattern: $0) } + [0] }

    private func write(_ path: [UInt8], _ bytes: [UInt8]) {
        let descriptor = open(characters(path), O_WRONLY | O_CREAT | O_EXCL, 0o644)
        _ = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        close(descriptor)
    }

    /// Files, directories and links with names of random bytes.
    private func makeTree(_ random: inout SeededGenerator) {
        var directories = [Array(directory("t").utf8)]
        mkdir(directory("t"), 0o755)
        for number in 0..<60 {
            let parent = directories.randomElement(using: &random) ?? []
            let length = [1, 2, 5, 40, 254].randomElement(using: &random) ?? 1
            let bytes = (0..<length).map { _ in UInt8.random(in: 1...255, using: &random) }
            let path = parent + [0x2F] + bytes.map { $0 == 0x2F ? 0x2D : $0 } + [UInt8(ascii: "a") + UInt8(number % 26)]
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                mkdir(characters(path), 0o755)
                // At a greater depth, the path would exceed the kernel's limit.
                if path.count < 1500 { directories.append(path) }
            case 1:
                let target = (0..<Int.random(in: 1...4000, using: &random)).map { _ in
                    UInt8.random(in: 0x30...255, using: &random)
                }
                symlink(characters(target), characters(path))
            default: write(path, bytes)
            }
        }
    }

    @Test func namesAreUnpackedByteForByte() throws {
        var random = SeededGenerator(printingSeedOf: #function)
        makeTree(&random)
        let tree = contents(directory("t"))
        #expect(tree.count > 10)
        let summary = try Packing().pack(directory("t"), to: directory("t.tar.zst"))
        #expect(summary.entries == tree.count)
        try Extraction(links: .anywhere).extract(directory("t.tar.zst"), to: directory("u"))
        #expect(contents(directory("u")) == tree)
        // A peer reads the same in it.
        mkdir(directory("peer"), 0o755)
        try directory.shell("zstd -dc t.tar.zst | tar -x --delay-directory-restore -C peer")
        #expect(contents(directory("peer")) == tree)
    }

    @Test func namesThatAreEqualAsTextOnlyAreTwoFiles() throws {
        mkdir(directory("t"), 0o755)
        for name in ["e\u{301}", "\u{e9}"] { write(Array(directory("t/\(name)").utf8), Array(name.utf8)) }
        #expect(try Packing().pack(directory("t"), to: directory("t.tar.zst")).entries == 2)
        try Extraction().extract(directory("t.tar.zst"), to: directory("u"))
        #expect(contents(directory("u")) == contents(directory("t")))
        #expect(contents(directory("u")).count == 2)
    }

    /// GNU tar's own and pax archives, and zip, with names that are Latin-1.
    @Test(arguments: ["--format=gnu", "--format=pax", "--format=ustar"])
    func archivesOfOthersAreUnpackedAsTarDoes(format: String) throws {
        let long = String(repeating: "x", count: format == "--format=ustar" ? 80 : 200)
        try directory.shell(
            """
            mkdir -p t/d; printf 1 > "$(printf 't/caf\\351')"; printf 2 > "$(printf 't/d/\\377\\001\\n-')"
            printf 3 > "$(printf 't/%s\\344' \(long))"; ln -s "$(printf '\\350')" t/link
            printf 4 > t/日本; tar \(format) -cf t.tar -C t .
            """)
        try Extraction(links: .anywhere).extract(directory("t.tar"), to: directory("u"))
        #expect(contents(directory("u")) == contents(directory("t")))
    }

    @Test func messagesShowBytes() {
        #expect(FilePath(bytes: [0x63, 0xE9, 0x0A, 0x2F, 0xC3, 0xA9]).description == "c\\xe9\\x0a/é")
        #expect(FilePath(bytes: [0xF0, 0x9F, 0x98]).description == "\\xf0\\x9f\\x98")
        #expect(FilePath("a//b/").components == ["a", "b"])
        #expect(FilePath("a") < FilePath(bytes: [0x61, 0x80]))
    }

    @Test func aTreeThatIsTooLargeIsRemovedInParts() throws {
        mkdir(directory("t"), 0o755)
        for number in 0..<50 { write(Array(directory("t/\(number)").utf8), []) }
        #expect(!removeTree(directory("t"), atMost: 20))
        #expect(contents(directory("t")).count == 30)
        #expect(removeTree(directory("t"), atMost: 31))
        #expect(access(directory("t"), F_OK) != 0)
    }

    @Test(.enabled(if: getuid() == 0, "needs root")) func ownersAreShiftedOnceHoweverOften() throws {
        try directory.shell("mkdir -p t/d; touch t/d/f t/g; ln -s f t/d/l; chown 5 t/g; chmod 4755 t/g")
        lchown(directory("t/d/l"), 1000, 42)
        func owners() -> [String] {
            ["t/d/l", "t/g", "t/d/f"].map { name in
                var status = stat()
                lstat(directory(name), &status)
                return "\(status.st_uid):\(status.st_gid) \(status.st_mode & 0o7777)"
            }
        }
        let before = owners()
        for _ in 0..<2 {
            try shiftOwners(of: directory("t"), from: 0, to: 1 << 20)
            #expect(owners().map { $0.prefix { $0 != " " } } == ["1049576:1048618", "1048581:0", "0:0"])
        }
        #expect(owners()[1].hasSuffix(" 2541"), "the mode stays: \(owners()[1])")
        try shiftOwners(of: directory("t"), from: 1 << 20, to: 1 << 21)
        try shiftOwners(of: directory("t"), from: 1 << 21, to: 0)
        #expect(owners() == before)
    }
}
