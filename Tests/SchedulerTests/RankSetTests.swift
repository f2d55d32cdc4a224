import TestSupport
import Testing

@testable import Scheduler

@Suite struct RankSetTests {
    /// Against an ordinary set, over sizes that have one to four levels.
    @Test(arguments: [1, 63, 64, 65, 4096, 5000, 300_000])
    func behavesLikeASet(capacity: Int) {
        var random = SeededGenerator()
        var set = RankSet()
        set.reserve(min(capacity, 50))
        var model: Set<Int> = []
        for step in 0..<400 {
            if step == 10 { set.reserve(capacity) }
            let member = Int.random(in: 0..<(step < 10 ? min(capacity, 50) : capacity), using: &random)
            if Bool.random(using: &random) {
                set.insert(member)
                model.insert(member)
            } else {
                let some = model.randomElement(using: &random) ?? member
                set.remove(some)
                model.remove(some)
            }
            let bound = Int.random(in: 0...capacity, using: &random)
            #expect(set.count == model.count)
            #expect(set.greatest == model.max())
            #expect(set.greatest(below: bound) == model.filter { $0 < bound }.max())
            #expect(set.contains(member) == model.contains(member))
        }
        set.removeAll()
        #expect(set.isEmpty && set.greatest == nil)
    }

    @Test func timersAreDueInOrder() {
        var random = SeededGenerator()
        var timers = TimerQueue()
        let times = (0..<200).map { _ in Int.random(in: 0..<50, using: &random) }
        for (number, time) in times.enumerated() { timers.add(number, at: .seconds(time)) }
        var due: [Int] = []
        for now in 0..<50 {
            while let number = timers.popDue(at: .seconds(now)) {
                #expect(times[number] == now)
                due.append(number)
            }
        }
        #expect(due.sorted() == Array(times.indices))
    }
}
