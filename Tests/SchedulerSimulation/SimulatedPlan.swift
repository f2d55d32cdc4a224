import Scheduler

/// Tasks and their jobs, from a seed, with the outcome of each job.
struct SimulatedPlan {
    /// The jobs that each task adds, out of all `jobs` of the plan, and all jobs that it needs.
    struct Task {
        var jobs: Range<Int>
        var wanted: [Int]
        var priority: Int
    }

    private(set) var tasks: [Task] = []
    private(set) var inputs: [[Int]] = []
    private(set) var dependents: [[Int]] = []
    private(set) var target: [Int] = []
    private(set) var cost: [Double] = []
    private(set) var priority: [Int] = []
    /// Jobs that fail on every worker.
    private(set) var fails: [Bool] = []
    /// Jobs that failed until they were retried.
    private(set) var healed: Set<Int> = []
    /// How often the infrastructure fails first.
    private(set) var outages: [Int] = []

    init(_ options: SimulationOptions, _ random: inout SimulatedRandom) {
        let size = (options.jobs + options.tasks - 1) / options.tasks
        // If later tasks are always more urgent, the first ones run only because of the limit of overtaking.
        let isUrgencyRising = random.chance(0.5)
        for job in 0..<options.jobs {
            var list: Set<Int> = []
            for _ in 0..<random.below(5) where job > 0 {
                // Most inputs are of the same family of a hundred jobs, some are shared by all.
                list.insert(
                    random.chance(0.3) || job % 100 == 0
                        ? random.below(min(job, 50)) : job - 1 - random.below(job % 100))
            }
            inputs.append(list.sorted())
            dependents.append([])
            for input in list { dependents[input].append(job) }
            target.append(random.below(options.targets))
            cost.append(1 + random.around(5))
            priority.append(random.below(4) + (isUrgencyRising ? 4 * (job / size) : 0))
            fails.append(random.chance(0.01))
            outages.append(random.chance(0.03) ? 1 + random.below(2) : 0)
        }
        for task in 0..<options.tasks {
            let range = min(options.jobs, task * size)..<min(options.jobs, (task + 1) * size)
            tasks.append(Task(jobs: range, wanted: closure(of: range), priority: random.below(3)))
        }
    }

    /// From now on the job succeeds.
    mutating func heal(_ job: Int) {
        if fails[job] { healed.insert(job) }
        fails[job] = false
    }

    private func closure(of jobs: Range<Int>) -> [Int] {
        var found = Set(jobs)
        var stack = Array(jobs)
        while let job = stack.popLast() {
            for input in inputs[job] where found.insert(input).inserted { stack.append(input) }
        }
        return found.sorted()
    }
}
