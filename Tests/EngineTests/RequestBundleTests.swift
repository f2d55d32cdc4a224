import Core
import Foundation
import Model
import Records
import RunnerInterface
import Store
import Synchronization
import TestSupport
import Testing

@testable import Agent
@testable import Engine

/// Requests that are assigned in one step and written as one blob.
@Suite struct RequestBundleTests {
    private let fixture: JobGraphFixture
    private let plan: Plan

    init() throws {
        fixture = try JobGraphFixture([("a", []), ("b", ["a"]), ("c", ["a", "b"])])
        plan = fixture.plan()
    }

    private func id(_ name: String) throws -> Digest { try #require(fixture.ids[name]) }

    private func writer(_ blobs: any BlobStore) -> RequestWriter {
        RequestWriter(blobs, plan) { _ in PackageFiles(opam: []) }
    }

    private func parameters(_ content: String = "layer") throws -> RequestWriter.Parameters {
        let layers = try ["a", "b"].map { (try id($0), Digest(of: content + $0)) }
        return RequestWriter.Parameters(
            layers: Dictionary(uniqueKeysWithValues: layers), base: Digest(of: content), target: plan.targets[0])
    }

    /// The assignments of jobs whose requests are written together.
    private func assign(_ names: [String], _ writer: inout RequestWriter) throws -> [JobAssignment] {
        var assignments: [JobAssignment] = []
        for name in names {
            let request = try writer.request(id(name), parameters())
            #expect(request.part == assignments.count)
            assignments.append(
                JobAssignment(
                    attempt: 1, deployment: "d", request: request.name, cell: fixture.cell(name), kind: .build,
                    priority: 0))
        }
        let bundle = try #require(try writer.writeBundle())
        for (number, part) in bundle.parts.enumerated() {
            assignments[number].bundle = bundle.digest
            (assignments[number].offset, assignments[number].size) = (part.lowerBound, part.count)
        }
        return assignments
    }

    @Test func requestsAndJobsOfAStepAreOneBlobEach() throws {
        let blobs = MemoryBlobs()
        var writer = writer(blobs)
        #expect(try writer.writeBundle() == nil)
        let first = try assign(["a", "b"], &writer)
        let common = 2  // the files, which are equal, and the target
        #expect(blobs.count == common + 2)
        let second = try assign(["c"], &writer)
        #expect(blobs.count == common + 4, "'c' is new")
        let third = try assign(["b", "c"], &writer)
        #expect(blobs.count == common + 5, "their jobs are known")
        for assignment in first + second + third { writer.drop(assignment.request, in: assignment.bundle) }
        #expect(blobs.count == common + 2, "jobs stay for their dependents")
    }

    @Test func aBundleIsRemovedWithTheLastOfItsRequests() throws {
        let blobs = MemoryBlobs()
        var writer = writer(blobs)
        let assignments = try assign(["a", "b", "c"], &writer)
        let bundle = try #require(assignments[0].bundle)
        for assignment in assignments {
            #expect(blobs.bytes(of: bundle) != nil)
            writer.drop(assignment.request, in: bundle)
        }
        #expect(blobs.bytes(of: bundle) == nil)
    }

    /// A worker reads its part of the file, or what it gets from another machine.
    @Test(arguments: [true, false]) func aWorkerReadsItsRequest(isLocal: Bool) throws {
        let blobs: any BlobStore = isLocal ? try fixture.store().objects : MemoryBlobs()
        var writer = writer(blobs)
        let assignments = try assign(["a", "b"], &writer) + assign(["c"], &writer) + assign(["c", "b"], &writer)
        let loaders = [RequestLoader(blobs), RequestLoader(blobs)]
        for (number, assignment) in assignments.reversed().enumerated() {
            let (request, base) = try loaders[number % 2].load(assignment)
            let name = assignment.cell.package.name
            #expect(request.id == (try id(name)))
            #expect(request.job == fixture.jobs[request.id])
            #expect(Set(request.inputs.map { fixture.name(of: $0.job) }) == fixture.below(name))
            #expect(request.inputs.allSatisfy { $0.layer == Digest(of: "layer" + fixture.name(of: $0.job)) })
            #expect(base == Digest(of: "layer"))
        }
    }

    /// A worker of an older version gets each request and each job as a blob of its own.
    @Test func requestsMayBeBlobsOfTheirOwn() throws {
        let blobs = MemoryBlobs()
        var writer = writer(blobs)
        let request = try writer.request(id("b"), parameters(), in: .own)
        #expect(request.part == nil)
        let document = try #require(blobs.bytes(of: request.name))
        #expect(ExecutionRequest(document: document)?.job == (try id("b")))
        let a = try id("a")
        #expect(blobs.bytes(of: a) == fixture.jobs[a]?.document)
        let assignment = JobAssignment(
            attempt: 1, deployment: "d", request: request.name, cell: fixture.cell("b"), kind: .build, priority: 0)
        #expect(try RequestLoader(blobs).load(assignment).request.id == (try id("b")))
        #expect(try writer.renew(assignment, id("b"), parameters(), hasBegun: false))
    }

    @Test func aDamagedBundleIsNotRead() throws {
        let objects = try fixture.store().objects
        var writer = writer(objects)
        let assignments = try assign(["a", "b"], &writer)
        let (path, part) = (
            objects.path(of: try #require(assignments[1].bundle)), try #require(assignments[1].offset)
        )
        func load(_ change: (inout JobAssignment) -> Void) throws {
            var assignment = assignments[1]
            change(&assignment)
            _ = try RequestLoader(objects).load(assignment)
        }
        try load { _ in }
        for (offset, size) in [(0, part), (part + 1, 10), (1, 1 << 40), (-1, 10), (.max, .max), (0, -1)] {
            #expect(throws: Failure.self) { try load { ($0.offset, $0.size) = (offset, size) } }
        }
        var bytes = try Data(contentsOf: URL(filePath: path))
        let range = try #require(bytes.lastRange(of: Data(id("a").hex.utf8)))
        bytes[range.lowerBound] = bytes[range.lowerBound] == UInt8(ascii: "0") ? UInt8(ascii: "1") : UInt8(ascii: "0")
        try FileManager.default.removeItem(atPath: path)
        try bytes.write(to: URL(filePath: path))
        #expect(throws: Failure.self) { try load { _ in } }
        // The next attempt stores it again.
        writer.drop(assignments[0].request, in: assignments[0].bundle)
        _ = try writer.request(id("a"), parameters(), isRepeated: true)
        _ = try writer.request(id("b"), parameters())
        _ = try writer.writeBundle()
        try load { _ in }
    }

    /// The next dispatcher keeps an assignment if it would make it in the same way, and a worker can read it or has
    /// done so.
    @Test func aBundleIsTakenOver() throws {
        let blobs = MemoryBlobs()
        var former = writer(blobs)
        let assignments = try assign(["a", "b"], &former)
        let (assignment, bundle) = (assignments[1], try #require(assignments[1].bundle))
        let b = try id("b")
        var next = writer(blobs)
        #expect(try next.renew(assignment, b, parameters(), hasBegun: false))
        #expect(try !next.renew(assignment, b, parameters("other"), hasBegun: true), "over other layers")
        next.adopt(assignment)
        next.drop(assignment.request, in: bundle)
        #expect(blobs.bytes(of: bundle) == nil, "the other request is not needed")
        #expect(try !next.renew(assignment, b, parameters(), hasBegun: false))
        #expect(try next.renew(assignment, b, parameters(), hasBegun: true))
        let other = try assign(["b"], &former)[0]
        let bytes = try #require(blobs.bytes(of: other.bundle ?? bundle))
        let jobs = try #require(RequestBundle.read(bytes)?.jobs)
        blobs.remove(try #require(jobs.first))
        var third = writer(blobs)
        #expect(try !third.renew(other, b, parameters(), hasBegun: false), "the worker could not read the job")
    }

    /// A bundle that cannot be written concerns its jobs only, which are tried again.
    @Test func jobsOfABundleThatCannotBeWrittenAreTriedAgain() async throws {
        let blobs = FailingBlobs()
        let fixture = try JobGraphFixture([("a", []), ("b", []), ("c", ["a", "b"])], sharing: blobs)
        let worker = try fixture.worker()
        let retried = Mutex<[String]>([])
        try await fixture.run(slots: 0) { event in
            if case .retrying(_, let job, let reason) = event {
                retried.withLock { $0.append("\(job.package.name): \(reason)") }
            }
        }
        #expect(try fixture.outcomes() == ["a": .success, "b": .success, "c": .success])
        #expect(fixture.takeExecuted() == ["a": 1, "b": 1, "c": 1])
        let messages = retried.withLock { $0 }
        #expect(messages.count { $0.contains("no space here") } == messages.count && !messages.isEmpty)
        worker.drain()
        await worker.end()
    }
}

/// Blobs whose first bundle of requests cannot be stored.
private final class FailingBlobs: BlobStore {
    private let blobs = MemoryBlobs()
    private let hasFailed = Mutex(false)

    func put(_ bytes: [UInt8], durably: Bool) throws -> Digest {
        if RequestBundle.documents(in: bytes).first?.starts(with: Array("{\n  \"jobs\"".utf8)) == true,
            hasFailed.withLock({ hasFailed in
                defer { hasFailed = true }
                return !hasFailed
            })
        {
            throw Failure(.unavailable, "no space here")
        }
        return blobs.put(bytes, durably: durably)
    }
    func bytes(of digest: Digest) throws -> [UInt8]? { blobs.bytes(of: digest) }
    func remove(_ digest: Digest) throws { blobs.remove(digest) }
}
