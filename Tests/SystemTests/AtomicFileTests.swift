import Glibc
import System
import TestSupport
import Testing

private typealias Files = FileSystem<SystemError>

struct AtomicFileTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test(arguments: [Durability.none, .contents, .contentsAndName])
    func theNewContentsTakeTheNameAndNothingElseIsLeft(durability: Durability) throws {
        try Files.replace(directory("file"), with: Array("old".utf8), durability: durability)
        try Files.replace(directory("file"), with: Array("new contents".utf8), durability: durability)
        #expect(directory.read("file") == "new contents")
        #expect(names(in: directory.path) == ["file"])
    }

    @Test func uncommittedWritesKeepTheOldFile() throws {
        try directory.write("old", to: "file")
        do {
            let file = try AtomicFile<SystemError>(replacing: directory("file"))
            try file.file.write(Array("half".utf8))
            #expect(names(in: directory.path).count == 2)
        }
        #expect(directory.read("file") == "old")
        #expect(names(in: directory.path) == ["file"])
    }

    @Test func aNameThatCannotBeTakenIsAnErrorWithItsPath() throws {
        try directory.write("kept", to: "directory/inside")
        let error = #expect(throws: SystemError.self) {
            try Files.replace(directory("directory"), with: [1], durability: .none)
        }
        #expect(error?.code == EISDIR)
        #expect(error?.description.contains(directory("directory")) == true)
        #expect(names(in: directory.path) == ["directory"])
        #expect(directory.read("directory/inside") == "kept")
    }

    /// A file system with room for only a part of the contents.
    @Test func aFullDiskLeavesTheOldFile() throws {
        try directory.write("old", to: "file")
        let probe = try BuiltProgram.path(of: "system-probe")
        let ending = try Program(
            ["/bin/sh", "-c", "ulimit -f 8; exec \"$0\" replace \"$1\" 100000", probe, directory("file")]
        ).run()
        #expect(ending.status != 0)
        #expect(!ending.output.contains("replaced"))
        #expect(directory.read("file") == "old")
        #expect(names(in: directory.path) == ["file"])
    }

    /// Law: whenever a writer is killed, the file has all of one of the contents.
    @Test func aKilledWriterLeavesOldOrNewContents() throws {
        let size = 300_000
        let probe = try BuiltProgram.path(of: "system-probe")
        var generator = SeededGenerator()
        for _ in 0..<12 {
            let writer = try Program([probe, "replace", directory("file"), "\(size)"]).start()
            while writer.isRunning, !writer.output.contains("replaced") { sched_yield() }
            // Any moment: a part of a file is written during most of a round.
            usleep(UInt32.random(in: 0...3_000, using: &generator))
            writer.kill(SIGKILL)
            writer.wait()
            let found = try #require(bytes(of: directory("file")))
            #expect(found.count == size)
            #expect(Set(found).count == 1)
        }
    }
}
