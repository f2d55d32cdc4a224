import Foundation
import Glibc
import TestSupport
import Testing

/// `ci run` with targets that are virtual machines, in which a small Linux guest answers as OpenBSD and FreeBSD do.
@Suite(
    .serialized, .enabled(if: TestGuest.isPossible, "needs \(TestGuest.programs)"))
struct MachineRunTests {
    /// Every outcome. System packages are installed with a network, which jobs do not have; the clock of jobs is right.
    @Test func everyOutcome() async throws {
        let lab = try MachineTestBed.shared
        let server = try LoopbackFiles(in: lab.path)
        let begin = Int(Date().timeIntervalSince1970)
        try lab.matrix(
            "outcomes", "good, above, fails, tool, missing, network", mirror: server.addressForGuests)
        let ending = try await lab.run("outcomes", "run", "outcomes.yaml", "--format", "json", "--jobs", "2")
        let cells = ending.cells
        #expect(ending.status == 1, "\(ending.messages)")
        for name in ["good", "above", "tool", "network"] {
            #expect(cells[name]?["state"] == "success", "\(name): \(cells[name] ?? [:])")
        }
        #expect(cells["fails"]?["signature"] == "Error: Unbound module Foo", "\(cells["fails"] ?? [:])")
        #expect(cells["missing"]?["state"] == "failure", "\(cells["missing"] ?? [:])")
        #expect(cells["missing"]?["phase"] == "depext")
        #expect(cells["good"]?["machine"]?.hasPrefix("a virtual machine (") == true, "\(cells["good"] ?? [:])")
        #expect(server.requests.contains { $0.contains("/hello ") }, "\(server.requests)")
        #expect(!server.requests.contains { $0.contains("/x ") }, "a job reached the network")

        let log = try await lab.run("outcomes", "log", "openbsd-7.7/5.3.0/good.1").output
        #expect(log.contains("I am in /home/ciso/opam/default"), "\(log)")
        let clock = try #require(log.firstMatch(of: /clock=(\d+)/).flatMap { Int($0.1) })
        #expect(clock >= begin, "the clock is \(begin - clock) s late")
        let tool = try git("show", "results/outcomes/openbsd-7.7:5.3.0/tool/1.json", at: "\(lab.path)/outcomes.store")
        #expect(tool.contains("\"hello 2.12p0-static\""), "the versions of system packages are recorded: \(tool)")
        try await waitUntil("nothing is left") {
            lab.machines(of: "outcomes").isEmpty && lab.leftovers(of: "outcomes").isEmpty
        }

        let again = try await lab.run("outcomes", "run", "outcomes.yaml", "--format", "json")
        #expect(again.messages.contains("0 jobs to run"), "\(again.messages)")
    }

    /// Another run continues from the state that the first one saved.
    @Test func statesAreKept() async throws {
        let lab = try MachineTestBed.shared
        try lab.matrix("first", "quick")
        let first = try await lab.run("first", "run", "first.yaml")
        #expect(first.status == 0, "\(first.messages)")
        try lab.matrix("second", "quick")
        let second = try await lab.run("second", "run", "second.yaml")
        #expect(second.status == 0, "\(second.messages)")
        #expect(!second.messages.contains("is done once"), "\(second.messages)")
    }

    private func startSlow(_ lab: MachineTestBed, _ name: String) async throws -> RunningProgram {
        try lab.matrix(name, "slow")
        let process = try lab.start(name, ["run", "\(name).yaml", "--format", "json", "--verbose"])
        try await process.wait(until: "the build") { process.messages.contains("slow.1: build on") }
        try #require(process.isRunning, "\(process.messages)")
        return process
    }

    /// A machine that ends is never a verdict.
    @Test func crashOfQEMU() async throws {
        let lab = try MachineTestBed.shared
        let process = try await startSlow(lab, "crash")
        while process.isRunning {
            for machine in lab.machines(of: "crash") { kill(machine, SIGKILL) }
            try await Task.sleep(for: .milliseconds(100))
        }
        let ending = try await process.end()
        #expect(ending.status == 3, "\(ending.messages)")
        #expect(ending.cells["slow"]?["state"] == "infrastructure", "\(ending.cells)")
        #expect(ending.messages.contains("the virtual machine ended: killed by signal 9"), "\(ending.messages)")
    }

    /// Machines end with the run, whether that is stopped or killed.
    @Test(arguments: [SIGTERM, SIGKILL]) func endOfTheRun(by signal: Int32) async throws {
        let lab = try MachineTestBed.shared
        let name = "end\(signal)"
        let process = try await startSlow(lab, name)
        #expect(lab.machines(of: name).count == 1)
        process.kill(signal)
        let ending = try await process.end()
        #expect(ending.status == (signal == SIGKILL ? 137 : 130), "\(ending.messages)")
        try await waitUntil("the machine has ended") { lab.machines(of: name).isEmpty }
        try lab.matrix(name, "quick")
        let next = try await lab.run(name, "run", "\(name).yaml")
        #expect(next.status == 0, "\(next.messages)")
        try await waitUntil("nothing is left") { lab.leftovers(of: name).isEmpty }
    }

    @Test func aFullDiskOfTheGuestIsNotThePackagesFault() async throws {
        let lab = try MachineTestBed.shared
        try lab.matrix("full", "full")
        let ending = try await lab.run("full", "run", "full.yaml", "--format", "json")
        #expect(ending.status == 3, "\(ending.messages)")
        #expect(ending.cells["full"]?["state"] == "infrastructure", "\(ending.cells)")
    }

    @Test func whatCannotWorkIsNamed() async throws {
        let lab = try MachineTestBed.shared
        try lab.matrix("silent", "quick", words: "silent", bootTime: "15 s")
        let silent = try await lab.run("silent", "run", "silent.yaml", "--format", "json")
        #expect(silent.status == 3, "\(silent.messages)")
        let reason = silent.cells["quick"]?["reason"] ?? ""
        #expect(reason.contains("the virtual machine of 'openbsd-7.7' did not answer by ssh within 15 s"), "\(reason)")

        try lab.matrix("changed", "quick", checksum: String(repeating: "0", count: 64))
        let changed = try await lab.run("changed", "run", "changed.yaml", "--format", "json")
        #expect(changed.status == 3, "\(changed.messages)")
        #expect(changed.cells["quick"]?["reason"]?.contains("has the checksum sha256=\(lab.checksum)") == true)

        try lab.matrix("other", "quick", target: "debian-12")
        let other = try await lab.run("other", "plan", "other.yaml")
        #expect(other.status == 2, "\(other.messages)")
        #expect(
            other.messages.contains(
                "other.yaml:6:12: error: target 'debian-12': the plugin 'debian' makes root file systems"),
            "\(other.messages)")
    }
}
