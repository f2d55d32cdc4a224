import Foundation
import Git
import Store
import TestSupport
import Testing

struct TransactionTests {
    @Test func stockGitSeesWhatIsCommitted() throws {
        try withDirectory { directory in
            let store = try Store(at: directory + "/store")
            let results = try Branch("results/quickstart/debian-12")
            let committed = try store.transact(results, "lwt.5.7.0: success\n\nCell: a/b/c") { transaction in
                try transaction.write(["outcome": "success"], to: "5.3.0/lwt/5.7.0.json")
                try transaction.write(bytes: [1, 2, 3], to: "blob")
            }
            #expect(try git("log", "--format=%H %s", results.name, at: store.path).hasPrefix(committed.commit!.hex))
            #expect(
                try git("show", "\(results.name):5.3.0/lwt/5.7.0.json", at: store.path)
                    == "{\n  \"outcome\" : \"success\"\n}")
            try expectClean(store.path)
            let snapshot = try store.snapshot(results)
            #expect(try snapshot.value([String: String].self, at: "5.3.0/lwt/5.7.0.json") == ["outcome": "success"])
            #expect(try snapshot.list("5.3.0").map(\.name) == ["lwt"])
            #expect(try snapshot.exists("5.3.0/lwt/5.7.1.json") == false)
        }
    }

    @Test func pathsAreSplitAtEachSlashAsByGit() throws {
        try withDirectory { directory in
            let store = try Store(at: directory + "/store")
            // To git, a combining character after a slash begins a name; to Swift, both are one character.
            try store.transact(main, "write") { try $0.write(bytes: [65], to: StorePath("a/\u{301}b")) }
            #expect(StorePath("a/\u{301}b").components == ["a", "\u{301}b"])
            #expect(
                try git("-c", "core.quotePath=false", "ls-tree", "-r", "--name-only", main.name, at: store.path)
                    == "a/\u{301}b")
            let snapshot = try store.snapshot(main)
            #expect(try snapshot.list("a").map(\.name) == ["\u{301}b"])
            #expect(try snapshot.paths(except: "b") == ["a/\u{301}b"] && snapshot.paths(except: "a") == [])
            let repository = try GitRepository(opening: store.path)
            #expect(try repository.entry(at: "a/\u{301}b", in: snapshot.tree) != nil)
        }
    }

    @Test func changesElsewhereAreNoConflictAndChangesOfWhatWasReadAre() throws {
        try withDirectory { directory in
            let store = try Store(at: directory + "/store", options: StoreOptions(attempts: 1))
            try store.transact(main, "start") { try $0.write(1, to: "a/x") }
            // Another transaction commits while this one is between its reads and its commit.
            try store.transact(main, "outer") { outer in
                let seen: Int? = try outer.value(at: "a/x")
                try store.transact(main, "inner") { try $0.write(7, to: "b/y") }
                try outer.write((seen ?? 0) + 1, to: "a/x")
            }
            #expect(try store.snapshot(main).value(Int.self, at: "a/x") == 2)
            #expect(try store.snapshot(main).value(Int.self, at: "b/y") == 7)
            let conflict = #expect(throws: Conflict.self) {
                try store.transact(main, "outer") { outer in
                    let seen: Int? = try outer.value(at: "a/x")
                    try store.transact(main, "inner") { try $0.write(50, to: "a/x") }
                    try outer.write((seen ?? 0) + 1, to: "a/x")
                }
            }
            #expect(conflict?.path == "a/x")
            #expect(conflict?.base == Array("2\n".utf8))
            #expect(conflict?.ours == Array("3\n".utf8))
            #expect(conflict?.theirs == Array("50\n".utf8))
            let read = #expect(throws: Conflict.self) {
                try store.transact(main, "outer") { outer in
                    _ = try outer.list("b")
                    try store.transact(main, "inner") { try $0.write(1, to: "b/new") }
                    try outer.write(0, to: "elsewhere")
                }
            }
            #expect(read?.isWrite == false && read?.path == "b")
            #expect(try store.snapshot(main).exists("elsewhere") == false)
        }
    }

    @Test func aConflictIsRetriedOnTheNewState() throws {
        try withDirectory { directory in
            let store = try Store(at: directory + "/store")
            var runs = 0
            try store.transact(main, "outer") { outer in
                runs += 1
                let seen: Int? = try outer.value(at: "n")
                if runs < 4 { try store.transact(main, "inner") { try $0.write(runs * 10, to: "n") } }
                try outer.write((seen ?? 0) + 1, to: "n")
            }
            #expect(runs == 4)
            #expect(try store.snapshot(main).value(Int.self, at: "n") == 31)
        }
    }

    @Test func equalWritesOfWhatBothReadAreNoLostUpdate() throws {
        try withDirectory { directory in
            let store = try Store(at: directory + "/store")
            func add(_ transaction: Transaction) throws {
                try transaction.write((transaction.value(Int.self, at: "n") ?? 0) + 1, to: "n")
            }
            var runs = 0
            try store.transact(main, "outer") { outer in
                runs += 1
                _ = try outer.value(Int.self, at: "n")
                if runs == 1 { try store.transact(main, "inner", add) }
                try add(outer)
            }
            #expect(try store.snapshot(main).value(Int.self, at: "n") == 2)
        }
    }

    @Test func mergesByTypeSettleWhatWouldBeConflicts() throws {
        try withDirectory { directory in
            let store = try Store(at: directory + "/store", options: StoreOptions(attempts: 1))
            let count = TypedPath<Int>("count")
            let names = TypedPath<Set<String>>("names")
            let state = TypedPath<String>("state")
            let order = ["waiting", "running", "done"]
            let lattice = ValueMerge<String>.lattice { order.firstIndex(of: $0) ?? -1 }
            try store.transact(main, "start") {
                try $0.write(5, to: count)
                try $0.write(["a", "b"], to: names)
            }
            try store.transact(main, "outer") { outer in
                try outer.write((outer.value(at: count) ?? 0) + 10, to: count, merging: .counter)
                try outer.write(["b", "c"], to: names, merging: .set)
                try outer.write("running", to: state, merging: lattice)
                try store.transact(main, "inner") {
                    try $0.write(($0.value(at: count) ?? 0) + 100, to: count, merging: .counter)
                    try $0.write(["a", "b", "d"], to: names, merging: .set)
                    try $0.write("done", to: state, merging: lattice)
                }
            }
            let snapshot = try store.snapshot(main)
            #expect(try snapshot.value(at: count) == 115)
            #expect(try snapshot.value(at: names) == ["b", "c", "d"])
            #expect(try snapshot.value(at: state) == "done")
        }
    }

    @Test func allOrNothing() throws {
        struct Stop: Error {}
        try withDirectory { directory in
            let store = try Store(at: directory + "/store")
            #expect(throws: Stop.self) {
                try store.transact(main, "no") { transaction in
                    try transaction.write(1, to: "a")
                    throw Stop()
                }
            }
            #expect(try store.snapshot(main).commit == nil)
            try store.transact(main, "yes") { try $0.write(1, to: "a/b") }
            let error = #expect(throws: StoreError.self) {
                try store.transact(main, "no") { transaction in
                    try transaction.write(1, to: "c")
                    try transaction.write(1, to: "a/b/c")
                }
            }
            #expect(error?.kind == .notADirectory)
            #expect(try store.snapshot(main).list().map(\.name) == ["a"])
        }
    }

    @Test func writersKeepToTheirPrefixes() throws {
        try withDirectory { directory in
            let store = try Store(at: directory + "/store")
            let options = TransactionOptions(prefixes: ["jobs"])
            try store.transact(main, "in", options: options) { try $0.write(1, to: "jobs/a") }
            let error = #expect(throws: StoreError.self) {
                try store.transact(main, "out", options: options) { try $0.write(1, to: "jobsa") }
            }
            #expect(error?.kind == .outsidePrefix)
        }
    }

    @Test(arguments: [10, 2000]) func manyDocumentsAtOnce(count: Int) throws {
        try withDirectory { directory in
            let store = try Store(at: directory + "/store")
            let jobs = ShardedDirectory<Int>("jobs")
            try store.transact(main, "many") { transaction in
                for number in 0..<count { try transaction.write(number, to: jobs.document("job \(number)")) }
            }
            let snapshot = try store.snapshot(main)
            #expect(try snapshot.keys(in: jobs) == (0..<count).map { "job \($0)" }.sorted())
            #expect(try snapshot.value(at: jobs.document("job 7")) == 7)
            try store.transact(main, "fewer") { transaction in
                for number in 1..<count { try transaction.remove(jobs.document("job \(number)").path) }
            }
            #expect(try store.snapshot(main).keys(in: jobs) == ["job 0"])
            try expectClean(store.path)
        }
    }

    @Test func groupedTransactionsShareCommits() async throws {
        try await withAsyncDirectory { directory in
            let store = try Store(at: directory + "/store")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<64 {
                    group.addTask {
                        let path = try StorePath("n/\(number)")
                        try await store.transact(main, "n \(number)", options: TransactionOptions(grouping: .shared)) {
                            try $0.write(number, to: path)
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try store.snapshot(main).list("n").count == 64)
            let commits = Int(try git("rev-list", "--count", "main", at: store.path))!
            #expect(commits <= 64)
            try expectClean(store.path)
        }
    }

    /// Commits that are written at once share a pack, in which a directory is described by how it differs from another
    /// version.
    @Test func commitsThatAreWrittenAtOnce() async throws {
        try await withAsyncDirectory { directory in
            let store = try Store(at: directory + "/store")
            try await store.transact(main, "start") { transaction in
                for number in 0..<400 { try transaction.write(number, to: StorePath("d/name-\(number)/x.json")) }
            }
            let commits = try await withThrowingTaskGroup(of: String.self) { group in
                for number in 0..<300 {
                    group.addTask {
                        let path = try StorePath("d/name-\(number * 7 % 400)/y.json")
                        return try await store.transact(main, "\(number)") { transaction in
                            _ = try transaction.list(StorePath("d/name-\(number * 7 % 400)"))
                            try transaction.write(number, to: path)
                        }.commit!.hex
                    }
                }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(commits.count == 300)
            let deltas = files(endingIn: ".idx", below: store.path + "/objects/pack").contains { name in
                let listed = try? git("verify-pack", "-v", "objects/pack/\(name)", at: store.path)
                return listed?.contains("chain length") ?? false
            }
            #expect(deltas)
            try expectClean(store.path)
            try store.mergePacks()
            try expectClean(store.path)
            let snapshot = try Store(opening: store.path).snapshot(main)
            for number in 0..<300 {
                #expect(try snapshot.value(Int.self, at: StorePath("d/name-\(number * 7 % 400)/y.json")) == number)
            }
            #expect(try git("rev-list", "--count", "main", at: store.path) == "301")
        }
    }

    /// What is written to different branches at the same time is made durable together.
    @Test func branchesShareASync() async throws {
        try await withAsyncDirectory { directory in
            let branches = try (0..<40).map { try Branch("b/\($0)") }
            let plain = try Store(at: directory + "/store")
            for branch in branches { try await plain.transact(branch, "start") { try $0.write(0, to: "n") } }
            let (begun, syncs) = (Collected<Int>(), Collected<Int>())
            var options = StoreOptions()
            options.atPoint = { point in
                if point == .journalSynced { syncs.add(1) }
                guard point == .lockHeld, syncs.all.isEmpty else { return }
                while begun.all.count < branches.count { usleep(1_000) }
            }
            let store = try Store(opening: plain.path, options: options)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (number, branch) in branches.enumerated() {
                    group.addTask {
                        try await store.transact(branch, "\(number)") { transaction in
                            begun.add(number)
                            try transaction.write(number, to: "n")
                            try transaction.write("the same on each", to: "same")
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(syncs.all.count < branches.count / 2, "\(syncs.all.count) syncs")
            for (number, branch) in branches.enumerated() {
                #expect(try Store(opening: store.path).snapshot(branch).value(Int.self, at: "n") == number)
                #expect(try store.history(of: branch).count == 2)
            }
            try expectClean(store.path)
            #expect(try Store.verify(at: store.path).findings == [])
        }
    }

    /// A branch that cannot be changed, because stock git holds its lock, keeps no other from being changed.
    @Test func aLockedBranchDelaysOnlyItself() async throws {
        try await withAsyncDirectory { directory in
            let store = try Store(at: directory + "/store", options: StoreOptions(lockTimeout: .milliseconds(200)))
            let branches = try (0..<4).map { try Branch("b/\($0)") }
            for branch in branches { try await store.transact(branch, "start") { try $0.write(0, to: "n") } }
            try Data().write(to: URL(filePath: store.path + "/refs/heads/b/2.lock"))
            let done = Collected<String>()
            await withTaskGroup(of: Void.self) { group in
                for branch in branches {
                    group.addTask {
                        let commit = try? await store.transact(branch, "next") { try $0.write(1, to: "n") }
                        if commit != nil { done.add(branch.name) }
                    }
                }
            }
            #expect(Set(done.all) == ["b/0", "b/1", "b/3"])
            unlink(store.path + "/refs/heads/b/2.lock")
            try await store.transact(branches[2], "later") { try $0.write(1, to: "n") }
            try expectClean(store.path)
            #expect(files(endingIn: ".lock", below: store.path + "/refs") == [])
        }
    }
}
