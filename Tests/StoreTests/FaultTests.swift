import Foundation
import Git
import Store
import Synchronization
import TestSupport
import Testing

struct FaultTests {
    /// Errors that a disk may return at any step of a commit.
    @Test(
        arguments: [ENOSPC, EIO, EROFS],
        FailurePoint.allCases.filter { ![.referenceMoved, .packsMerged, .somePacksDropped].contains($0) })
    func aFailingDiskLosesNothingThatWasAcknowledged(number: Int32, point: FailurePoint) throws {
        try withDirectory { directory in
            let store = try Store(at: directory + "/store")
            try store.transact(main, "before") { try $0.write(1, to: "kept") }
            var options = StoreOptions()
            options.atPoint = { if $0 == point { throw StoreError.system("write", "the disk", number) } }
            options.filesBeforeSpares = 0
            let failing = try Store(opening: store.path, options: options)
            if point == .checkpointSynced || point == .checkpointReset {
                #expect(throws: StoreError.self) { try failing.checkpoint() }
            } else if point == .repacked || point == .someDropped {
                #expect(throws: StoreError.self) { try failing.repackIfNeeded(limit: 0, grace: 0) }
            } else {
                let error = #expect(throws: StoreError.self) {
                    try failing.transact(main, "fails") { try $0.write(2, to: "half") }
                }
                #expect(error?.kind == .system)
            }
            try expectClean(store.path)
            #expect(try store.snapshot(main).exists("half") == false)
            // The next writer, in this process or another, needs no help.
            try store.transact(main, "after") { try $0.write(3, to: "next") }
            let reopened = try Store(opening: store.path)
            try reopened.transact(main, "again") { try $0.write(4, to: "next") }
            #expect(try reopened.snapshot(main).value(Int.self, at: "kept") == 1)
            #expect(try reopened.snapshot(main).exists("half") == false)
            #expect(files(endingIn: ".lock", below: directory + "/store/refs") == [])
        }
    }

    /// A disk that fails after some of the branches of a batch have moved: the next writer moves the others, because
    /// the batch is durable.
    @Test func aDiskThatFailsBetweenBranchesLeavesNoHalfOfABatch() async throws {
        try await withAsyncDirectory { directory in
            let plain = try Store(at: directory + "/store")
            let branches = try (0..<5).map { try Branch("b/\($0)") }
            for branch in branches { try await plain.transact(branch, "start") { try $0.write(0, to: "n") } }
            let (begun, moves, failures) = (Collected<Int>(), Collected<Int>(), Collected<Int>())
            var options = StoreOptions()
            options.atPoint = { point in
                // The moves of a batch follow its lock.
                if point == .lockHeld { moves.add(0) }
                while point == .lockHeld, begun.all.count < branches.count { usleep(1_000) }
                guard point == .referenceSpared else { return }
                moves.add((moves.all.last ?? 0) + 1)
                guard moves.all.last == 2, failures.all.isEmpty else { return }
                failures.add(1)
                throw StoreError.system("rename", "the disk", EIO)
            }
            let store = try Store(opening: plain.path, options: options)
            await withTaskGroup(of: Void.self) { group in
                for branch in branches {
                    group.addTask {
                        _ = try? await store.transact(branch, "next") { transaction in
                            begun.add(1)
                            try transaction.write(1, to: "n")
                        }
                    }
                }
            }
            try plain.finishPendingCommits()
            try await plain.transact(main, "after") { try $0.write(1, to: "n") }
            let values = try branches.map { try plain.snapshot($0).value(Int.self, at: "n") }
            #expect(!failures.all.isEmpty)
            #expect(values == Array(repeating: 1, count: branches.count))
            #expect(files(endingIn: ".lock", below: plain.path + "/refs") == [])
            #expect(files(endingIn: ".keep", below: plain.path + "/objects") == [])
            try expectClean(plain.path)
            #expect(try Store.verify(at: plain.path).findings == [])
        }
    }

    @Test(arguments: [Data(repeating: 0, count: 41), Data(), Data("garbage\n".utf8)])
    func aBranchFileOfZerosIsNamedAndRepaired(contents: Data) throws {
        try withDirectory { directory in
            let store = try Store(at: directory + "/store")
            try store.transact(main, "one") { try $0.write(1, to: "a") }
            let head = try store.transact(main, "two") { try $0.write(2, to: "a") }.commit
            try contents.write(to: URL(filePath: store.path + "/refs/heads/main"))
            let error = #expect(throws: StoreError.self) { try store.snapshot(main) }
            #expect(error?.kind == .corrupted)
            #expect(error?.message.contains("refs/heads/main") == true)
            #expect(try Store.verify(at: store.path).findings.map(\.severity) == [.damage])
            _ = try Store.verify(at: store.path, repair: true)
            #expect(try Store.verify(at: store.path).findings == [])
            #expect(try store.snapshot(main).commit == head)
            try expectClean(store.path)
        }
    }

    @Test(arguments: ["schema", "writer.lock", "journal", "heads", "tidied", "keep", "tidy.lock"])
    func aDirectoryInsteadOfAFileIsNoCrash(name: String) throws {
        try withDirectory { directory in
            let store = try Store(at: directory + "/store")
            try store.transact(main, "before") { try $0.write(1, to: "kept") }
            try store.checkpoint()
            let path = "\(store.path)/ciso/\(name)"
            try? FileManager.default.removeItem(atPath: path)
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            // Operations that need the file fail with an error, all others continue.
            for attempt in [
                { _ = try Store(opening: store.path).transact(main, "after") { try $0.write(2, to: "kept") } },
                { try Store(opening: store.path).checkpoint() }, { try store.repackIfNeeded(limit: 0, grace: 0) },
                { try store.repack(grace: 0) }, { _ = try Store.verify(at: store.path) },
            ] as [() throws -> Void] {
                do { try attempt() } catch { #expect("\(error)".contains("ciso/"), "\(error)") }
            }
            try FileManager.default.removeItem(atPath: path)
            if name == "schema" { try Data("1\n".utf8).write(to: URL(filePath: path)) }
            try Store(opening: store.path).transact(main, "later") { try $0.write(3, to: "kept") }
            #expect(try store.snapshot(main).value(Int.self, at: "kept") == 3)
            try expectClean(store.path)
        }
    }

    @Test func aTruncatedObjectIsNamed() throws {
        try withDirectory { directory in
            let store = try Store(at: directory + "/store")
            try store.transact(main, "one") { try $0.write(bytes: Array(repeating: 7, count: 5000), to: "a/b") }
            try makeLoose(store.path)
            let id = try #require(try store.snapshot(main).id(at: "a/b")).hex
            let path = "\(store.path)/objects/\(id.prefix(2))/\(id.dropFirst(2))"
            chmod(path, 0o644)
            #expect(truncate(path, 10) == 0)
            // This process still has its own recent objects in memory.
            #expect(throws: StoreError.self) { try Store(opening: store.path).snapshot(main).bytes(at: "a/b") }
            let findings = try Store.verify(at: store.path).findings
            // The file, and the document that needs it.
            #expect(findings.map(\.subject) == [.object, .document])
            #expect(findings[1].message.contains("'a/b'") && findings[1].message.contains(id))
        }
    }

    @Test(arguments: 0..<4) func changesLostByAPowerFailureAreWrittenAgain(round: Int) throws {
        try withDirectory { directory in
            // No pack of a change is synced before the journal is full.
            let store = try Store(at: directory + "/store")
            try store.transact(main, "durable") { try $0.write(0, to: "n") }
            try store.checkpoint()
            let start = try #require(try store.snapshot(main).commit)
            let before = Set(files(endingIn: "", below: store.path + "/objects"))
            for number in 1...5 { try store.transact(main, "\(number)") { try $0.write(number, to: "d/n") } }
            let head = try store.snapshot(main).commit
            // The machine stops: unsynced files are missing, and some are empty.
            for file in Set(files(endingIn: "", below: store.path + "/objects")).subtracting(before) {
                let path = "\(store.path)/objects/\(file)"
                let isPack = file.hasSuffix(".pack") || file.hasSuffix(".idx")
                guard isPack else { continue }
                let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
                chmod(path, 0o644)
                switch Int.random(in: 0..<4) {
                case 0: unlink(path)
                case 1: try Data().write(to: URL(filePath: path))
                case 2: try Data(repeating: 0, count: size).write(to: URL(filePath: path))
                default: break
                }
            }
            // The branch file is an earlier one, or was rewritten for a change that is not recorded elsewhere.
            let left = round.isMultiple(of: 2) ? start.hex : String(repeating: "5", count: 40)
            try Data("\(left)\n".utf8).write(to: URL(filePath: store.path + "/refs/heads/main"))
            try Data("\(start)\n".utf8).write(to: URL(filePath: store.path + "/refs/heads/other.lock"))
            let state = try Data(contentsOf: URL(filePath: store.path + "/ciso/writer.lock"))
            let words = String(decoding: state, as: UTF8.self).split(separator: " ")
            let other = String(decoding: state, as: UTF8.self).replacing(words[2], with: "another-boot")
            try Data(other.utf8).write(to: URL(filePath: store.path + "/ciso/writer.lock"))
            let reopened = try Store(opening: store.path)
            try reopened.transact(main, "next") { try $0.write(6, to: "e") }
            #expect(try reopened.history(of: main).dropFirst().first?.id == head)
            #expect(try reopened.snapshot(main).value(Int.self, at: "d/n") == 5)
            #expect(files(endingIn: ".lock", below: store.path + "/refs") == [])
            try expectClean(store.path)
            try reopened.repackIfNeeded(limit: 0, grace: 0)
            try expectClean(store.path)
        }
    }

    @Test func severalMakersMakeOneStore() throws {
        try withDirectory { directory in
            let path = directory + "/new/store"
            let errors = Mutex<[String]>([])
            DispatchQueue.concurrentPerform(iterations: 8) { number in
                do {
                    let store = try Store(at: path)
                    try store.transact(main, "\(number)") { try $0.write(number, to: StorePath("n/\(number)")) }
                } catch {
                    errors.withLock { $0.append("\(error)") }
                }
            }
            #expect(errors.withLock { $0 } == [])
            #expect(try Store(opening: path).history(of: main).count == 8)
            try expectClean(path)
        }
    }

    @Test func aMakerThatWasKilledIsNoObstacle() throws {
        try withDirectory { directory in
            let path = directory + "/store"
            try git("init", "-q", "--bare", path, at: "/")
            for name in ["config.lock", "HEAD.lock"] { try Data().write(to: URL(filePath: "\(path)/\(name)")) }
            try Store(at: path).transact(main, "1") { try $0.write(1, to: "n") }
            try expectClean(path)
        }
    }

    /// A killed git leaves its lock; only the lock of a git that may be alive is waited for.
    @Test func aLockOfAGitThatWasKilledIsNoObstacle() throws {
        try withDirectory { directory in
            let options = StoreOptions(lockTimeout: .milliseconds(1))
            let store = try Store(at: directory + "/store", options: options)
            try store.transact(main, "1") { try $0.write(1, to: "n") }
            let lock = store.path + "/refs/heads/main.lock"
            try Data().write(to: URL(filePath: lock))
            let error = #expect(throws: StoreError.self) { try store.transact(main, "2") { try $0.write(2, to: "n") } }
            #expect(error?.kind == .locked && error?.message.contains(lock) == true, "\(error as Any)")
            let then = Date(timeIntervalSinceNow: -3600)
            for file in ["refs/heads/main.lock", "packed-refs.lock", "HEAD.lock", "config.lock"] {
                let path = "\(store.path)/\(file)"
                try Data().write(to: URL(filePath: path))
                try FileManager.default.setAttributes([.modificationDate: then], ofItemAtPath: path)
            }
            try store.transact(main, "3") { try $0.write(3, to: "n") }
            #expect(!FileManager.default.fileExists(atPath: lock))
            let reopened = try Store(opening: store.path, options: options)
            #expect(try reopened.snapshot(main).value(Int.self, at: "n") == 3)
            try reopened.repack(grace: 0)
            try reopened.transact(try Branch("other"), "4") { try $0.write(4, to: "n") }
        }
    }

    @Test func aClockThatIsSetBackMakesNoCommitOlderThanItsParent() throws {
        try withDirectory { directory in
            let ahead = try Store(at: directory + "/store", options: StoreOptions(clock: { 2_000_000_000 }))
            try ahead.transact(main, "ahead") { try $0.write(1, to: "a") }
            let behind = try Store(opening: ahead.path, options: StoreOptions(clock: { 1_000_000_000 }))
            try behind.transact(main, "behind") { try $0.write(2, to: "a") }
            #expect(try behind.history(of: main).map(\.commit.committer.time) == [2_000_000_000, 2_000_000_000])
        }
    }

    @Test func fullDisksAreReportedAndSurvived() throws {
        try withDirectory { directory in
            let mount = directory + "/small"
            try FileManager.default.createDirectory(atPath: mount, withIntermediateDirectories: true)
            let mounting = Program(["mount", "-t", "tmpfs", "-o", "size=12m", "ciso-test", mount])
            guard try mounting.run().status == 0 else {
                print("SKIPPED: a full disk needs the right to mount a tmpfs")
                return
            }
            defer { _ = try? Program(["umount", mount]).run() }
            let store = try Store(at: mount + "/store")
            var acknowledged = 0
            var failure: (any Error)?
            while failure == nil, acknowledged < 1_000 {
                do {
                    let noise = (0..<20_000).map { _ in UInt8.random(in: 0...255) }
                    try store.transact(main, "\(acknowledged)") {
                        try $0.write(bytes: noise, to: StorePath("d/\(acknowledged)"))
                    }
                    acknowledged += 1
                } catch { failure = error }
            }
            #expect(failure != nil && acknowledged > 10)
            #expect("\(failure!)".contains("No space left"))
            #expect(try store.snapshot(main).list("d").count == acknowledged)
            try expectClean(store.path)
        }
    }
}
