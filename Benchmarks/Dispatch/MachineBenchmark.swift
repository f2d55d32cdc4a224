import Glibc
import Scheduler

/// Runs a graph of jobs through the state machines; every job succeeds at once.
struct MachineBenchmark {
    let jobs: Int

    func run() {
        let before = Self.residentBytes
        var (scheduler, submitted) = makeScheduler()
        let pending = Self.residentBytes
        var events = 0
        let jobTime = Self.cpuTime {
            while let job = submitted.popLast() {
                events += 1
                for case .submit(let next, _) in scheduler.handle(.ended(job, .success, at: .zero)) {
                    submitted.append(next)
                }
            }
        }
        precondition(scheduler.isFinished)
        report("jobs", events, jobTime)

        let base = Self.residentBytes
        var dispatcher = Dispatcher()
        _ = dispatcher.handle(.submit(priority: 0))
        let actions = fill(&dispatcher)
        let full = Self.residentBytes
        let (count, time) = play(&dispatcher, actions)
        precondition(dispatcher.isFinished)
        report("dispatcher: tasks, jobs and 100 workers", count, time)
        print(
            "\(jobs) jobs: \((pending - before) / jobs) bytes a pending job in the jobs machine, \((full - base) / jobs) in all three"
        )
    }

    private func report(_ name: String, _ events: Int, _ time: Duration) {
        let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
        let rate = Int(Double(events) / seconds)
        print("\(jobs) jobs, \(name): \(events) events, \(rate) in a second of CPU time")
    }

    /// Families of a hundred jobs that depend on fifty shared jobs.
    private func inputs(of job: Int) -> [Int] {
        var list: Set<Int> = []
        if job >= 50 { list.insert(job * 7 % 50) }
        if job % 100 > 1 { list.formUnion([job - 1 - job * 31 % (job % 100), job - 1 - job * 17 % (job % 100)]) }
        return list.sorted()
    }

    private func makeScheduler() -> (JobScheduler, [Int]) {
        var scheduler = JobScheduler()
        var submitted: [Int] = []
        for action in scheduler.handle(.add((0..<jobs).map { .init(inputs: inputs(of: $0), priority: $0 % 3) })) {
            if case .submit(let job, _) = action { submitted.append(job) }
        }
        return (scheduler, submitted)
    }

    private func fill(_ dispatcher: inout Dispatcher) -> [Dispatcher.Action] {
        var actions: [Dispatcher.Action] = []
        for worker in 0..<100 {
            actions += dispatcher.handle(
                .worker(.register(worker, .init(slots: 4, backlog: 2, cache: "\(worker % 10)"), at: .zero)))
        }
        return actions
            + dispatcher.handle(
                .planned(
                    task: 0,
                    new: (0..<jobs).map {
                        .init(.init(inputs: inputs(of: $0), priority: $0 % 3), requirement: .init(target: "t\($0 % 8)"))
                    }, known: []))
    }

    private func play(_ dispatcher: inout Dispatcher, _ actions: [Dispatcher.Action]) -> (events: Int, Duration) {
        var events = 0
        var open = actions
        let time = Self.cpuTime {
            while let action = open.popLast() {
                switch action {
                case .worker(.assign(let worker, let job, let token)):
                    events += 2
                    open += dispatcher.handle(.worker(.started(worker: worker, job: job, token: token, at: .zero)))
                    open += dispatcher.handle(.worker(.reported(job: job, token: token, at: .zero)))
                case .worker(.accept(let job, _)):
                    events += 1
                    open += dispatcher.handle(.recorded(job, .success, at: .zero))
                default: break
                }
            }
        }
        return (events, time)
    }

    /// The CPU time of `work`, which does not depend on other processes.
    private static func cpuTime(_ work: () -> Void) -> Duration {
        let began = clock()
        work()
        return .microseconds(clock() - began)
    }

    /// The resident memory of this process, after returning freed memory to the system.
    static var residentBytes: Int {
        if let symbol = dlsym(nil, "malloc_trim") {
            _ = unsafeBitCast(symbol, to: (@convention(c) (Int) -> Int32).self)(0)
        }
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var (size, resident) = (0, 0)
        return withUnsafeMutablePointer(to: &size) { size in
            withUnsafeMutablePointer(to: &resident) { resident in
                withVaList([size, resident]) { vfscanf(file, "%ld %ld", $0) == 2 ? resident.pointee * 4096 : 0 }
            }
        }
    }
}
