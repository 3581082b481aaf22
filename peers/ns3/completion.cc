// Completion time of one TCP transfer between two nodes in ns-3: the reference that the TCP of this project is held against.
//
// Reads conditions from standard input, one per line: congestion rate_mbps one_way_ms loss bytes queue runs
//   congestion: newreno | cubic      queue: as ns-3 writes it, e.g. 100p or 150kB, at the device; there is no queue discipline
//   loss: probability, of packets, in both directions; without loss there is one run
// Writes CSV: congestion,rate_mbps,one_way_ms,loss,bytes,queue,runs,median_ms,p10_ms,p90_ms
// A transfer that has not completed after 600 s counts as 600 s.

#include "ns3/applications-module.h"
#include "ns3/core-module.h"
#include "ns3/internet-module.h"
#include "ns3/network-module.h"
#include "ns3/point-to-point-module.h"
#include "ns3/traffic-control-module.h"

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

using namespace ns3;

namespace {

const double START_S = 1;
const double LIMIT_MS = 600e3;

struct Condition {
    std::string congestion;
    double rate_mbps;
    double one_way_ms;
    double loss;
    uint64_t bytes;
    std::string queue;
    uint32_t runs;
};

uint64_t received;
uint64_t expected;
double completed_ms;

void OnReceive(Ptr<const Packet> packet, const Address&) {
    received += packet->GetSize();
    if (received >= expected) {
        completed_ms = (Simulator::Now().GetSeconds() - START_S) * 1e3;
        Simulator::Stop();
    }
}

// The options that are compared; everything else is ns-3's default.
void SetOptions() {
    Config::SetDefault("ns3::TcpSocket::SegmentSize", UintegerValue(1448));
    Config::SetDefault("ns3::TcpSocket::InitialCwnd", UintegerValue(10));
    Config::SetDefault("ns3::TcpSocket::DelAckCount", UintegerValue(2));
    Config::SetDefault("ns3::TcpSocket::SndBufSize", UintegerValue(4 << 20));
    Config::SetDefault("ns3::TcpSocket::RcvBufSize", UintegerValue(4 << 20));
    Config::SetDefault("ns3::TcpSocketBase::MinRto", TimeValue(MilliSeconds(200)));
    Config::SetDefault("ns3::TcpSocketBase::Sack", BooleanValue(true));
}

void LosePackets(Ptr<NetDevice> device, double probability, int64_t stream) {
    auto errors = CreateObject<RateErrorModel>();
    errors->SetUnit(RateErrorModel::ERROR_UNIT_PACKET);
    errors->SetRate(probability);
    errors->AssignStreams(stream);
    device->SetAttribute("ReceiveErrorModel", PointerValue(errors));
}

double Run(const Condition& c, uint32_t run) {
    RngSeedManager::SetSeed(1);
    RngSeedManager::SetRun(run);
    const std::string type = c.congestion == "cubic" ? "ns3::TcpCubic" : "ns3::TcpNewReno";
    Config::SetDefault("ns3::TcpL4Protocol::SocketType", StringValue(type));

    NodeContainer nodes;
    nodes.Create(2);
    PointToPointHelper link;
    link.SetDeviceAttribute("DataRate", DataRateValue(DataRate(uint64_t(c.rate_mbps * 1e6))));
    link.SetChannelAttribute("Delay", TimeValue(MicroSeconds(int64_t(c.one_way_ms * 1e3))));
    link.SetQueue("ns3::DropTailQueue", "MaxSize", StringValue(c.queue));
    NetDeviceContainer devices = link.Install(nodes);
    InternetStackHelper().Install(nodes);
    Ipv4AddressHelper addresses("10.1.1.0", "255.255.255.0");
    Ipv4InterfaceContainer interfaces = addresses.Assign(devices);
    TrafficControlHelper::Default().Uninstall(devices);
    if (c.loss > 0) {
        LosePackets(devices.Get(0), c.loss, 100);
        LosePackets(devices.Get(1), c.loss, 101);
    }

    PacketSinkHelper sink("ns3::TcpSocketFactory", InetSocketAddress(Ipv4Address::GetAny(), 9));
    sink.Install(nodes.Get(1)).Get(0)->TraceConnectWithoutContext("Rx", MakeCallback(&OnReceive));
    BulkSendHelper source("ns3::TcpSocketFactory", InetSocketAddress(interfaces.GetAddress(1), 9));
    source.SetAttribute("MaxBytes", UintegerValue(c.bytes));
    source.Install(nodes.Get(0)).Start(Seconds(START_S));

    received = 0;
    expected = c.bytes;
    completed_ms = LIMIT_MS;
    Simulator::Stop(Seconds(START_S) + MilliSeconds(int64_t(LIMIT_MS)));
    Simulator::Run();
    Simulator::Destroy();
    return completed_ms;
}

} // namespace

int main() {
    SetOptions();
    std::puts("congestion,rate_mbps,one_way_ms,loss,bytes,queue,runs,median_ms,p10_ms,p90_ms");
    Condition c;
    while (std::cin >> c.congestion >> c.rate_mbps >> c.one_way_ms >> c.loss >> c.bytes >> c.queue >> c.runs) {
        const uint32_t runs = c.loss > 0 ? c.runs : 1;
        std::vector<double> times;
        for (uint32_t run = 1; run <= runs; ++run) {
            times.push_back(Run(c, run));
        }
        std::sort(times.begin(), times.end());
        std::printf("%s,%g,%g,%g,%lu,%s,%u,%.2f,%.2f,%.2f\n", c.congestion.c_str(), c.rate_mbps, c.one_way_ms, c.loss,
                    static_cast<unsigned long>(c.bytes), c.queue.c_str(), runs, times[runs / 2], times[runs / 10],
                    times[runs * 9 / 10]);
        std::fflush(stdout);
    }
}
