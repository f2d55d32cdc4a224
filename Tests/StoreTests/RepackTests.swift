import Foundation
import Git
import Store
import TestSupport
import Testing

struct RepackTests {
    private func loose(_ store: Store) throws -> Int {
        try git("count-objects", at: store.path).split(separator: " ").first.flatMap { Int($0) } ?? -1
    }

    private func packs(_ store: Store) -> Int { files(endingIn: ".pack", below: store.path + "/objects").count }

    /// All documents of every commit.
    private func everything(_ store: Store) throws -> [[String: [UInt8]]] {
        try store.history(of: main).map { entry in
            var documents: [String: [UInt8]] = [:]
            try store.snapshot(at: entry.id).forEachDocument { documents["\($0)"] = $1 }
            return documents
        }
    }

    /// Repacks once no other process does so: packs are merged in the background of a writer.
    private func repacked(_ store: Store) throws -> Store.Repacked? {
        for _ in 0..<500 {
            if let done = try store.repackIfNeeded(limit: 0, grace: 0) { return done }
            usleep(10_000)
        }
        return nil
    }

    @Test func repackingKeepsEverythingInFewPacks() throws {
        try withDirectory { directory in
            let store = try Store(at: directory + "/store")
            var number = 0
            for round in 1...16 {
                for _ in 0..<5 {
                    number += 1
                    try store.transact(main, "\(number)") { try $0.write(number, to: StorePath("d/n\(number % 7)")) }
                }
                let done = try #require(try repacked(store))
                #expect(done.packs >= 5 && done.objects >= 15)
                #expect(try loose(store) == 0)
                // About as many packs as there are ones in the binary form of the number of rounds.
                #expect(packs(store) <= 2 + Int(log2(Double(round))))
                try expectClean(store.path)
            }
            #expect(try store.repackIfNeeded(limit: 0, grace: 0) == nil, "there is nothing to do")
            let history = try everything(store)
            #expect(history.count == 80 && history[0].count == 7)
            try store.repack(grace: 0)
            #expect(packs(store) == 1)
            #expect(try everything(store) == history)
            #expect(try everything(Store(opening: store.path)) == history)
            try expectClean(store.path)
            #expect(try Store.verify(at: store.path).findings.isEmpty)
        }
    }

    @Test func fewObjectsAndObjectsOfAPushAreNotRepacked() throws {
        try withDirectory { directory in
            let store = try Store(at: directory + "/store")
            for number in 0..<20 { try store.transact(main, "\(number)") { try $0.write(number, to: "n") } }
            #expect(try store.repackIfNeeded() == nil)
            #expect(try loose(store) == 0 && packs(store) == 20)
            try Data("pushed".utf8).write(to: URL(filePath: directory + "/pushed"))
            try git("hash-object", "-w", directory + "/pushed", at: store.path)
            #expect(try store.repackIfNeeded(limit: 0, grace: 3600)?.looseObjects == 0)
            #expect(try loose(store) == 1 && packs(store) == 1)
            #expect(try store.repackIfNeeded(limit: 0, grace: 0)?.looseObjects == 1)
            #expect(try loose(store) == 0)
        }
    }

    @Test func readersAndWritersNoticeNothing() async throws {
        try await withAsyncDirectory { directory in
            let store = try Store(at: directory + "/store")
            try await store.transact(main, "start") { try $0.write(0, to: "counter") }
            let other = try Store(opening: store.path)
            let audit = Collected<Int?>()
            let watch = other.watch(main, mode: .audit) { audit.add(try $0.snapshot.value(Int.self, at: "counter")) }
            #expect(await audit.wait { $0 == [0] })
            let done = Collected<Bool>()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    while done.all.isEmpty {
                        try store.repackIfNeeded(limit: 0, grace: 0)
                        try other.mergePacks()
                        await Task.yield()
                    }
                }
                group.addTask {
                    // Each commit of the history can be read at any time, whichever pack contains it.
                    while done.all.isEmpty {
                        let history = try other.history(of: main)
                        let values = try history.map { try other.snapshot(at: $0.id).value(Int.self, at: "counter") }
                        #expect(values == Array((0..<values.count).reversed()))
                        await Task.yield()
                    }
                }
                group.addTask {
                    for number in 1...60 {
                        let writer = number.isMultiple(of: 2) ? store : other
                        try await writer.transact(main, "\(number)") { try $0.write(number, to: "counter") }
                        if number.isMultiple(of: 20) {
                            try git("clone", "-q", store.path, "clone\(number)", at: directory)
                        }
                    }
                    done.add(true)
                }
                try await group.waitForAll()
            }
            #expect(await audit.wait { $0.count == 61 })
            #expect(audit.all == Array(0...60))
            watch.cancel()
            try expectClean(store.path)
        }
    }

    @Test func packsOfConcurrentTransactionsAreMerged() async throws {
        try await withAsyncDirectory { directory in
            let store = try Store(at: directory + "/store")
            for number in 0..<70 {
                try await store.transact(main, "\(number)") { try $0.write(number, to: StorePath("d/\(number)")) }
            }
            // The background merge, which started at some number of packs, may hold the lock.
            try await waitUntil("the packs are few") {
                try store.mergePacks()
                return packs(store) < 40
            }
            #expect(files(endingIn: ".keep", below: store.path + "/objects") == [])
            #expect(try loose(store) == 0)
            #expect(try everything(store)[0].count == 70)
            try expectClean(store.path)
        }
    }

    /// Runs `body` while no packs can be merged, as if the process ended before each merge.
    private func withoutMerging(_ store: Store, _ body: () throws -> Void) throws {
        let lock = open(store.path + "/ciso/tidy.lock", O_RDWR | O_CREAT, 0o666)
        defer { close(lock) }
        #expect(flock(lock, LOCK_EX) == 0)
        try body()
    }

    @Test func aWriterMergesThePacksOfThoseThatEndedTooSoon() throws {
        try withDirectory { directory in
            let path = directory + "/store"
            var numbers = (0..<270).makeIterator()
            try withoutMerging(Store(at: path)) {
                while let number = numbers.next() {
                    let store = try Store(opening: path)
                    for number in [number] + (0..<29).compactMap({ _ in numbers.next() }) {
                        try store.transact(main, "\(number)") { try $0.write(number, to: StorePath("d/\(number)")) }
                    }
                }
            }
            #expect(packs(try Store(opening: path)) == 270)
            let last = try Store(opening: path)
            try last.transact(main, "270") { try $0.write(270, to: "d/270") }
            #expect(packs(last) <= 17, "at most eight of each size, before the change is acknowledged")
            #expect(try everything(last)[0].count == 271)
            try expectClean(path)
        }
    }

    /// A process that ends while large packs are merged has merged the small ones.
    @Test func smallPacksAreMergedBeforeLargeOnes() throws {
        try withDirectory { directory in
            let steps = Collected<Int>()
            var options = StoreOptions()
            options.atPoint = { point in
                guard point == .packsMerged else { return }
                steps.add(1)
                if steps.all.count > 1 { throw CocoaError(.userCancelled) }
            }
            let store = try Store(at: directory + "/store", options: options)
            try withoutMerging(store) {
                for number in 0..<20 {
                    let bytes = (0..<1_200_000).map { _ in UInt8.random(in: 0...255) }
                    try store.transact(main, "large") { try $0.write(bytes: bytes, to: StorePath("large/\(number)")) }
                }
                for number in 0..<20 { try store.transact(main, "\(number)") { try $0.write(number, to: "n") } }
            }
            #expect(packs(store) == 40)
            #expect(throws: CocoaError.self) { try store.mergePacks() }
            #expect(packs(store) <= 22, "the twenty large ones, that of the small ones, and one that nothing uses")
            try expectClean(store.path)
        }
    }

    @Test func filesAreRecycledExceptInClones() throws {
        try withDirectory { directory in
            var options = StoreOptions()
            options.filesBeforeSpares = 0
            let store = try Store(at: directory + "/store", options: options)
            func write(_ numbers: Range<Int>) throws {
                for number in numbers {
                    try store.transact(main, "\(number)") { try $0.write(number, to: StorePath("d/\(number % 9)")) }
                    if number.isMultiple(of: 20) {
                        try store.mergePacks()
                        usleep(60_000)
                    }
                }
            }
            try write(0..<60)
            // On the same disk, a clone's packs are hard links to the store's.
            try git("clone", "-q", "--bare", store.path, directory + "/clone", at: directory)
            let before = try git("rev-list", "--objects", "main", at: directory + "/clone")
            try write(60..<200)
            #expect(!files(endingIn: "", below: store.path + "/ciso/spare").isEmpty)
            try expectClean(directory + "/clone")
            #expect(try git("rev-list", "--objects", "main", at: directory + "/clone") == before)
            try expectClean(store.path)
            #expect(try store.history(of: main).count == 200)
            #expect(try Store.verify(at: store.path).findings.isEmpty)
        }
    }

    /// `git gc` fails if a pack goes that it has listed.
    @Test func packsStayWhileStockGitCollects() throws {
        try withDirectory { directory in
            let store = try Store(at: directory + "/store", options: StoreOptions(lockTimeout: .seconds(2)))
            for number in 0..<20 { try store.transact(main, "\(number)") { try $0.write(number, to: "n") } }
            let file = store.path + "/gc.pid"
            func leave(_ process: pid_t, _ host: String) throws {
                try Data("\(process) \(host)".utf8).write(to: URL(filePath: file))
            }
            let host = ProcessInfo.processInfo.hostName
            let dead = try #require(pid_t(Program(["sh", "-c", "echo $$"]).output().trimmingCharacters(in: .newlines)))
            for (process, name) in [(getpid(), host), (1, host), (dead, "elsewhere")] {
                try leave(process, name)
                try store.mergePacks()
                #expect(try store.repackIfNeeded(limit: 0, grace: 0) == nil)
                #expect(throws: StoreError.self) { try store.repack(grace: 0) }
                #expect(packs(store) == 20, "\(process) on \(name)")
            }
            try leave(getpid(), host)
            let then = Date(timeIntervalSinceNow: -13 * 3600)
            try FileManager.default.setAttributes([.modificationDate: then], ofItemAtPath: file)
            try store.mergePacks()
            #expect(packs(store) == 1, "what is old is left over")
            for number in 0..<20 { try store.transact(main, "\(number)") { try $0.write(-number, to: "n") } }
            try leave(dead, host)
            try store.repack(grace: 0)
            #expect(packs(store) == 1, "what is of a dead process is left over")
            try expectClean(store.path)
        }
    }

    /// A merge that is killed leaves a pack as large as all that it read.
    @Test func theNextRepackRemovesWhatAKilledOneLeft() throws {
        try withDirectory { directory in
            let store = try Store(at: directory + "/store")
            for number in 0..<3 { try store.transact(main, "\(number)") { try $0.write(number, to: "n") } }
            let packs = store.path + "/objects/pack"
            for name in ["tmp_repack_pack_1_2", "tmp_repack_index_1_2", "tmp_pack_1_2"] {
                try Data([0]).write(to: URL(filePath: "\(packs)/\(name)"))
            }
            try store.mergePacks()
            let left = try FileManager.default.contentsOfDirectory(atPath: packs).filter { $0.hasPrefix("tmp_") }
            #expect(left == ["tmp_pack_1_2"], "another process may be writing a pack of its own")
            try expectClean(store.path)
        }
    }

    @Test func concurrentRepackingWaits() throws {
        try withDirectory { directory in
            let store = try Store(at: directory + "/store", options: StoreOptions(lockTimeout: .milliseconds(300)))
            for number in 0..<3 { try store.transact(main, "\(number)") { try $0.write(number, to: "n") } }
            let lock = open(store.path + "/ciso/tidy.lock", O_RDWR | O_CREAT, 0o666)
            #expect(flock(lock, LOCK_EX) == 0)
            #expect {
                try store.repack(grace: 0)
            } throws: {
                ($0 as? StoreError)?.kind == .locked
            }
            Thread.detachNewThread {
                usleep(100_000)
                close(lock)
            }
            try store.repack(grace: 0)
            #expect(packs(store) == 1)
        }
    }

    @Test func repackingDropsWhatNothingLeadsToAndIsOld() throws {
        try withDirectory { directory in
            let store = try Store(at: directory + "/store")
            try store.transact(main, "one") { try $0.write(1, to: "n") }
            // A note on a tag is reachable; a deleted branch is not.
            try git("-c", "user.name=a", "-c", "user.email=b", "tag", "-a", "-m", "t", "v1", "main", at: store.path)
            let side = try Branch("side")
            try store.transact(side, "side") { try $0.write(2, to: "gone") }
            let gone = try #require(try store.snapshot(side).commit)
            try git("update-ref", "-d", side.reference, at: store.path)
            try store.repack(grace: 3600)
            #expect(gitSucceeds("cat-file", "-e", gone.hex, at: store.path), "what is young stays")
            for file in files(endingIn: "", below: store.path + "/objects") {
                let path = "\(store.path)/objects/\(file)"
                let then = Date(timeIntervalSinceNow: -7200)
                _ = try? FileManager.default.setAttributes([.modificationDate: then], ofItemAtPath: path)
            }
            try store.repack(grace: 3600)
            #expect(!gitSucceeds("cat-file", "-e", gone.hex, at: store.path))
            #expect(try git("cat-file", "-t", "v1", at: store.path) == "tag")
            #expect(try store.snapshot(main).value(Int.self, at: "n") == 1)
            try expectClean(store.path)
        }
    }
}
