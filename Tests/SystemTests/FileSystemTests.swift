import Glibc
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

    @Test func namesAreBytesAndSorted() throws {
        for name in ["b", ".hidden", "a b", "é", String(repeating: "n", count: 255)] {
            try directory.write("", to: name)
        }
        #expect(names(in: directory.path) == [".hidden", "a b", "b", String(repeating: "n", count: 255), "é"])
        #expect(names(in: directory("absent")).isEmpty)
        let bytes: [CChar] = [CChar(bitPattern: 0xff), 0]
        mkdir(directory.path + "/bytes", 0o755)
        let folder = openDirectory(directory("bytes"), in: AT_FDCWD)
        defer { close(folder) }
        #expect(makeDirectory(bytes, in: folder, mode: 0o755) == 0)
        guard var stream = DirectoryStream(".", in: folder) else {
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
        try directory.write("old", to: "place/inside")
        #expect(throws: SystemError.self) { try Files.rename(directory("new"), directory("place")) }
        try Files.move(directory("new"), over: directory("place"))
        #expect(directory.read("place") == "new")
        let error = #expect(throws: SystemError.self) { try Files.move(directory("absent"), over: directory("place")) }
        #expect(error?.code == ENOENT)
        #expect(directory.read("place") == "new")
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
