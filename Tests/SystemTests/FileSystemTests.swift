import Foundation
import System
import TestSupport
import Testing

private typealias Files = FileSystem<SystemError>

struct FileSystemTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test func directoriesAreMadeWithThoseAboveThem() throws {
        try Files.makeDirectories(directory("a/b/c/"))
        try Files.makeDirectories(directory("a/b/c"))
        #expect(FileStatus(directory("a/b/c"))?.isDirectory == true)
        try directory.write("", to: "file")
        let error = #expect(throws: SystemError.self) { try Files.makeDirectories(directory("file/below")) }
        #expect(error?.code == ENOTDIR)
        #expect("\(try #require(error))".contains("Not a directory"))
    }

    private func content(_ size: Int) -> [UInt8] { (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) } }

    /// The rest of a file is read from the current position, also if it is large or empty, or grew since its size was
    /// read.
    @Test(arguments: [0, 1, 65_535, 65_536, 65_537, 5_000_000])
    func theRestOfAFileIsRead(size: Int) throws {
        let whole = content(size)
        try Files.replace(directory("file"), with: whole)
        #expect(try Files.File(directory("file"), O_RDONLY).readToEnd() == whole)
        let file = try Files.File(directory("file"), O_RDONLY)
        let start = size / 3
        #expect(lseek(file.descriptor, off_t(start), SEEK_SET) == off_t(start))
        #expect(try file.readToEnd() == Array(whole[start...]))
        #expect(try file.readToEnd().isEmpty)
        #expect(throws: SystemError.self) { try Files.File(directory.path, O_RDONLY).readToEnd() }
    }

    /// A pipe has no size and gives its bytes in pieces.
    @Test(arguments: [0, 1, 65_536, 300_000])
    func theRestOfAPipeIsRead(size: Int) throws {
        let whole = content(size)
        var ends: [Int32] = [-1, -1]
        #expect(pipe(&ends) == 0)
        let (reading, writing) = (ends[0], ends[1])
        let writer = Thread { [whole] in
            var left = whole[...]
            while !left.isEmpty {
                let count = left.withUnsafeBytes { write(writing, $0.baseAddress, min($0.count, 7_001)) }
                guard count > 0 else { break }
                left = left.dropFirst(count)
            }
            close(writing)
        }
        writer.start()
        let read = try Files.File(adopting: reading, "pipe").readToEnd()
        #expect(read == whole)
    }

    @Test func namesAreBytesAndSorted() throws {
        for name in ["b", ".hidden", "a b", "é", String(repeating: "n", count: 255)] {
            try directory.write("", to: name)
        }
        #expect(names(in: directory.path) == [".hidden", "a b", "b", String(repeating: "n", count: 255), "é"])
        #expect(names(in: directory("absent")).isEmpty)
        let bytes: [CChar] = [CChar(bitPattern: 0xff), 0]
        mkdir(directory.path + "/bytes", 0o755)
        let directory = openDirectory(directory("bytes"), in: AT_FDCWD)
        defer { close(directory) }
        #expect(makeDirectory(bytes, in: directory, mode: 0o755) == 0)
        guard var stream = DirectoryStream(".", in: directory) else {
            Issue.record("the directory cannot be read")
            return
        }
        let found = stream.next().map { [UInt8(bitPattern: $0[0]), UInt8(bitPattern: $0[1])] }
        #expect(found == [0xff, 0])
        #expect(stream.next() == nil)
    }

    @Test func contentsOfAnAbsentFileAreNil() throws {
        #expect(try Files.contents(of: directory("absent")) == nil)
        try directory.write("text", to: "file")
        #expect(try Files.contents(of: directory("file/below")) == nil)
        #expect(try Files.contents(of: directory("file")) == Array("text".utf8))
        #expect(try Files.contents(of: directory("file"), limit: 2) == Array("te".utf8))
        #expect(contents(of: "/proc/self/comm")?.isEmpty == false, "the kernel's own files have no size")
    }

    @Test func aMoveRemovesWhatIsInTheWay() throws {
        try directory.write("new", to: "new")
        try directory.write("old", to: "target/inside")
        #expect(throws: SystemError.self) { try Files.rename(directory("new"), directory("target")) }
        try Files.move(directory("new"), over: directory("target"))
        #expect(directory.read("target") == "new")
        let error = #expect(throws: SystemError.self) { try Files.move(directory("absent"), over: directory("target")) }
        #expect(error?.code == ENOENT)
        #expect(directory.read("target") == "new")
    }

    @Test func aNameThatIsTakenIsNotReplaced() throws {
        try directory.write("1", to: "one")
        try directory.write("2", to: "two")
        #expect(try !Files.renameWithoutReplacing(directory("one"), directory("two")))
        #expect(directory.read("two") == "2")
        #expect(try Files.renameWithoutReplacing(directory("one"), directory("three")))
        #expect(directory.read("three") == "1")
    }

    @Test(arguments: [("/a/b", "/a"), ("a/b", "a"), ("/a", "/"), ("/a/b/", "/a"), ("a", nil), ("/", nil), ("", nil)])
    func parentDirectories(path: String, parent: String?) {
        #expect(parentDirectory(of: path) == parent)
    }

    @Test func filesOfAKilledOwnerAreRemoved() throws {
        let owner = try Program([BuiltProgram.path(of: "system-probe"), "scratch", directory("scratch")]).start()
        while owner.isRunning, !owner.output.contains("\n") { sched_yield() }
        let path = String(owner.output.dropLast())
        #expect(ScratchDirectory.removeLeftovers(in: directory("scratch")).isEmpty, "its owner lives")
        owner.kill(SIGKILL)
        owner.wait()
        #expect(FileStatus(path) != nil)
        let name = path.split(separator: "/").last.map(String.init)
        #expect(ScratchDirectory.removeLeftovers(in: directory("scratch")) == [name])
        #expect(FileStatus(path) == nil)
    }
}
