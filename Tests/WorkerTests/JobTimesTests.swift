import Testing

@testable import Worker

@Suite struct JobTimesTests {
    @Test func theEnvironmentAndTheSharingAreNotPartOfTheJob() {
        let times = JobTimes()
        #expect(times.job == .zero && times.environment <= times.environment)
        times.begin()
        let environment = times.environment
        let running = times.job
        #expect(times.environment == environment && times.job >= running)
        times.end()
        let job = times.job
        #expect(times.job == job && job >= running && times.environment == environment)
    }
}
