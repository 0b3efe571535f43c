import time, os, importlib.util, sys
spec=importlib.util.spec_from_file_location("tq","/work/main/tests/integration/test_queries.py")
tq=importlib.util.module_from_spec(spec); spec.loader.exec_module(tq)
rows=tq.rows
def test_cpu(rows):
    os.environ["LOG_LEVEL"]="ERROR"
    for i in range(1,201):
        rows.event(i, organizer="0x%040x"%(i*7919**8)); rows.ticket_type(i,0); rows.ticket(i); rows.listing(i,i,seller="0x%040x"%(i*7919**8))
    for path,q in (("/events",{}),("/market/listings",{}),("/market/listings",{"side":"primary"}),("/tickets/5",{}),("/events/5",{}),("/events",{"limit":100})):
        t=time.perf_counter(); tq.call(path,**q); cold=(time.perf_counter()-t)*1e3
        n=100;w=time.perf_counter();c=time.process_time()
        for _ in range(n): tq.call(path,**q)
        print(path,q,"first %.1f ms, then wall %.2f cpu %.2f ms"%(cold,(time.perf_counter()-w)/n*1e3,(time.process_time()-c)/n*1e3),file=sys.stderr)
